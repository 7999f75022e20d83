"""Signs that a picture is not what the camera saw: a screen photographed again, a virtual camera.

NumPy and OpenCV only, which phones have. Everything found here is a hint with a measured rate.
"""
