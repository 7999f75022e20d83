"""What the server signs when it has taken something in; anybody with its key can check it."""

from domain.changes import canonical


def receipt_bytes(device_id: str, head: str, feed: int, server_ms: int) -> bytes:
    """Return the bytes that the server signs as receipt of a push."""
    return b"anshao-receipt-v1\0" + canonical([device_id, head, feed, server_ms])


def blob_receipt_bytes(sha256: str, size: int, server_ms: int) -> bytes:
    """Return the bytes that the server signs once a blob is whole and its hash read from disk."""
    return b"anshao-blob-receipt-v1\0" + canonical([sha256, size, server_ms])
