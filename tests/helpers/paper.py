"""Reading a PDF back as a person does: its texts, its pictures, its pages as images."""

import io
import re
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium  # pyright: ignore[reportMissingTypeStubs]
from PIL import Image
from pypdf import PdfReader

from tests.helpers.readers import reader, texts_of
from tests.media.pictures import encoded


@dataclass(frozen=True)
class Paper:
    """A PDF file."""

    data: bytes

    @property
    def text(self) -> str:
        """All that can be selected, by a reader that is not the writer; runs of spaces as one."""
        document = pdfium.PdfDocument(self.data)
        try:
            pages = [page.get_textpage().get_text_bounded() for page in document]
        finally:
            document.close()
        return re.sub(r"[ \t]+", " ", "\n".join(pages))

    @property
    def flat(self) -> str:
        """The text without any space or line break, to find what was wrapped."""
        return re.sub(r"\s+", "", self.text)

    @property
    def size(self) -> int:
        """How many pages there are."""
        return len(PdfReader(io.BytesIO(self.data)).pages)

    def has(self, *parts: str) -> bool:
        """Whether all of these stand in it, however they were wrapped."""
        flat = self.flat
        lacking = [part for part in parts if re.sub(r"\s+", "", part) not in flat]
        assert not lacking, (lacking, self.text)
        return True

    def pictures(self) -> list[Image.Image]:
        """The pictures in it, page by page; the QR code comes first."""
        found: list[Image.Image] = []
        for page in PdfReader(io.BytesIO(self.data)).pages:
            found += [Image.open(io.BytesIO(image.data)) for image in page.images]
        return found

    def page(self, number: int = 0, dpi: int = 150) -> Image.Image:
        """A page as a printer draws it."""
        document = pdfium.PdfDocument(self.data)
        try:
            scale: Any = dpi / 72
            return document[number].render(scale=scale).to_pil()
        finally:
            document.close()

    def codes(self) -> list[str]:
        """What our own reader of codes finds in the upper part of the first page."""
        page = self.page()
        top = page.crop((page.width // 2, 0, page.width, page.height // 4))
        return texts_of(reader("phone"), encoded(top, "PNG"))
