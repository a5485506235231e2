"""Makes Inter-Regular.ttf and Inter-SemiBold.ttf for exported pictures from the npm package inter-ui 4.1.1.

    pip install fonttools brotli
    npm pack inter-ui@4.1.1 && tar xzf inter-ui-4.1.1.tgz
    python make-fonts.py package/web

Kept: Latin, Greek and Cyrillic, punctuation, arrows, mathematics, a few symbols. Left out: hints, and the contextual
alternates, which would draw the token "0x2" as "0×2" and "->" as an arrow. Added, because Inter lacks them: ␍ ⍽ ◌.
"""

import math
import sys
from copy import deepcopy
from pathlib import Path

from fontTools import subset
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

RANGES = [
    (0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x1E00, 0x1EFF),
    (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20CF), (0x2100, 0x214F), (0x2150, 0x218F), (0x2190, 0x21FF),
    (0x2200, 0x22FF), (0x2300, 0x23FF), (0x2400, 0x2426), (0x2500, 0x25FF), (0x2600, 0x27BF), (0xFFFD, 0xFFFD),
]  # fmt: skip


def rectangle(pen, left, bottom, right, top):
    pen.moveTo((left, bottom))
    pen.lineTo((left, top))
    pen.lineTo((right, top))
    pen.lineTo((right, bottom))
    pen.closePath()


def circle(pen, x, y, radius):
    points = [
        (x + radius * math.cos(-math.pi / 4 * i) / (1 if i % 2 == 0 else math.cos(math.pi / 4)),
         y + radius * math.sin(-math.pi / 4 * i) / (1 if i % 2 == 0 else math.cos(math.pi / 4)))
        for i in range(8)
    ]  # fmt: skip
    pen.moveTo(points[0])
    for i in range(1, 8, 2):
        pen.qCurveTo(points[i], points[(i + 1) % 8])
    pen.closePath()


def add_glyphs(font, stroke):
    em = font["head"].unitsPerEm
    glyphs = font.getGlyphSet()
    cmap = font.getBestCmap()

    pen = TTGlyphPen(glyphs)  # ␍: a small C above a small R
    glyphs[cmap[ord("C")]].draw(TransformPen(pen, (0.55, 0, 0, 0.55, 0.02 * em, 0.34 * em)))
    glyphs[cmap[ord("R")]].draw(TransformPen(pen, (0.55, 0, 0, 0.55, 0.36 * em, -0.06 * em)))
    carriage_return = pen.glyph()

    pen = TTGlyphPen(glyphs)  # ⍽: an open box with shoulders
    low, high, half = -0.075 * em, 0.09 * em, stroke / 2
    left, right = 0.14 * em, 0.46 * em
    rectangle(pen, left - half, low - half, right + half, low + half)
    for wall, shoulder in ((left, -1), (right, 1)):
        rectangle(pen, wall - half, low + half, wall + half, high + half)
        inner, outer = wall + shoulder * half, wall + shoulder * 0.11 * em
        rectangle(pen, min(inner, outer), high - half, max(inner, outer), high + half)
    no_break_space = pen.glyph()

    pen = TTGlyphPen(glyphs)  # ◌: carries a mark that has no letter
    for i in range(12):
        angle = math.pi / 6 * i
        circle(pen, 0.3 * em + 0.24 * em * math.cos(angle), 0.27 * em + 0.24 * em * math.sin(angle), 0.026 * em)
    dotted_circle = pen.glyph()

    added = {0x240D: ("uni240D", carriage_return, 0.78), 0x237D: ("uni237D", no_break_space, 0.6), 0x25CC: ("uni25CC", dotted_circle, 0.6)}
    for code_point, (name, glyph, width) in added.items():
        font["glyf"][name] = glyph
        glyph.recalcBounds(font["glyf"])
        font["hmtx"][name] = (round(width * em), glyph.xMin)
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap[code_point] = name
    font.setGlyphOrder(font.getGlyphOrder())
    carry_marks(font, "uni25CC", like=cmap[ord("o")])


def carry_marks(font, name, like):
    """Lets a glyph carry combining marks where another carries them, from the middle of one to the middle of the other."""
    middle = {glyph: font["hmtx"][glyph][0] / 2 for glyph in (name, like)}
    for lookup in font["GPOS"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            table = getattr(table, "ExtSubTable", table)
            if table.LookupType != 4 or like not in table.BaseCoverage.glyphs:
                continue
            records = dict(zip(table.BaseCoverage.glyphs, table.BaseArray.BaseRecord))
            records[name] = deepcopy(records[like])
            for anchor in records[name].BaseAnchor:
                if anchor:
                    anchor.XCoordinate += round(middle[name] - middle[like])
            table.BaseCoverage.glyphs = sorted(records, key=font.getGlyphID)
            table.BaseArray.BaseRecord = [records[glyph] for glyph in table.BaseCoverage.glyphs]
            table.BaseArray.BaseCount = len(records)


def main(folder):
    for style, weight, stroke in (("Regular", 400, 0.06), ("SemiBold", 600, 0.075)):
        font = TTFont(Path(folder) / f"Inter-{style}.woff2")
        add_glyphs(font, stroke * font["head"].unitsPerEm)
        options = subset.Options()
        options.hinting = False
        options.flavor = None
        options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
        options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
        options.notdef_outline = True
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=[c for low, high in RANGES for c in range(low, high + 1)])
        cutter.subset(font)
        for record in font["name"].names:
            if record.nameID in (1, 2):
                record.string = "Inter" if record.nameID == 1 else style
        font["OS/2"].usWeightClass = weight
        font.flavor = None
        font["head"].modified = font["head"].created  # the same bytes each time
        font.recalcTimestamp = False
        target = Path(__file__).parent / "fonts" / f"Inter-{style}.ttf"
        font.save(target)
        print(target.name, target.stat().st_size, "bytes", len(font.getBestCmap()), "characters")


main(sys.argv[1])
