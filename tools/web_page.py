"""Make assets/web/: page and font list of the installed flet-web with our additions, and the font.

    python3 tools/web_page.py          # write
    python3 tools/web_page.py --check  # fail if the page does not fit the installed Flet

Run it after every change of the Flet version. The additions keep every request on this machine (the
client would load a script of a public CDN), take sound at the rate that speech wants, and name the
page. The font list has our font, so that the first picture already has Chinese text, and lacks the
16 fonts for formulas, which nothing here shows.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import flet_web  # pyright: ignore[reportMissingTypeStubs] - only its folder is used

ROOT = Path(__file__).resolve().parent.parent
FONT = ROOT / "assets" / "fonts" / "SafeSC.otf"
LICENCE = ROOT / "assets" / "fonts" / "OFL.txt"
CLIENT = Path(flet_web.__file__).parent / "web"
WEB = ROOT / "assets" / "web"
FONT_LIST = Path("assets") / "FontManifest.json"
MARKER = "<!-- fletAppConfig -->"
LOADING = '<img src="icons/loading-animation.png" alt="" />'
FAMILY = "SafeSC"
FORMULAS = "KaTeX"
ADDITIONS = """<script>
    // The client adds a script of a public CDN for Rive: no request may leave the machine.
    const append = Element.prototype.append;
    Element.prototype.append = function (...nodes) {
      const far = nodes.some(n => n instanceof HTMLScriptElement && n.src
        && new URL(n.src, location).origin !== location.origin);
      return far ? undefined : append.apply(this, nodes);
    };
    // The web recorder takes rate and channels from the track: 16 kHz mono is what speech wants.
    const settings = MediaStreamTrack.prototype.getSettings;
    MediaStreamTrack.prototype.getSettings = function () {
      const real = settings.call(this);
      return this.kind === 'audio' ? { ...real, sampleRate: 16000, channelCount: 1 } : real;
    };
  </script>
  """


def page() -> str:
    """Return the page: Flet's own with our additions; its name is the product's."""
    original = (CLIENT / "index.html").read_text(encoding="utf-8")
    for needed in (MARKER, LOADING):
        if needed not in original:
            message = f"the page of this Flet version has no {needed}"
            raise SystemExit(message)
    named = original.replace("<title>Flet</title>", "<title>安哨 Anshao</title>")
    named = named.replace('content="Flet application."', 'content="安哨 Anshao"')
    named = named.replace('content="Flet"', 'content="安哨"')
    return named.replace(MARKER, ADDITIONS + MARKER)


def font_list() -> str:
    """Return the list of the fonts that the client loads before its first picture."""
    families = json.loads((CLIENT / FONT_LIST).read_text(encoding="utf-8"))
    kept = [family for family in families if FORMULAS not in family["family"]]
    kept.append({"family": FAMILY, "fonts": [{"asset": f"fonts/{FONT.name}"}]})
    return json.dumps(kept, indent=1)


def main() -> int:
    """Write page, font list and font, or check that they are up to date."""
    parser = argparse.ArgumentParser(description="Make assets/web/ from the installed flet-web.")
    parser.add_argument("--check", action="store_true", help="only compare")
    texts = {WEB / "index.html": page(), WEB / FONT_LIST: font_list()}
    if parser.parse_args().check:
        stale = [
            str(path.relative_to(ROOT))
            for path, text in texts.items()
            if not path.is_file() or path.read_text(encoding="utf-8") != text
        ]
        if stale:
            sys.stderr.write(f"run tools/web_page.py again, these are stale: {', '.join(stale)}\n")
        return bool(stale)
    fonts = (WEB / FONT_LIST).parent / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    for source in (FONT, LICENCE):
        shutil.copyfile(source, fonts / source.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
