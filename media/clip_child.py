"""The child process of `media.clip_frames`: a file in, one JPEG on standard output.

Imports nothing of the product. Any exit code but 0 (a crash of the decoder too) means no picture.
"""

import os
import sys
from importlib import import_module

MEMORY_BYTES = 3 * 1024**3  # of addresses: one frame of 8K and the decoder's threads
FRAMES = 10  # the first frames of a recording are often dark
QUALITY = 90


def main() -> int:
    """Decode a few frames and encode the last; returns the exit code."""
    if os.name == "posix":
        resource = import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "threads;1|protocol_whitelist;file")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2  # noqa: PLC0415 - after the limits

    path, edge = sys.argv[1], int(sys.argv[2])
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    frame = None
    for _ in range(FRAMES):
        good, found = capture.read()
        if not good:
            break
        frame = found
    if frame is None:
        return 1
    longest = max(frame.shape[:2])
    if longest > edge:
        share = edge / longest
        frame = cv2.resize(frame, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    good, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    sys.stdout.buffer.write(data.tobytes())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
