"""Draws how time and memory grow with the number of objects: one SVG, both axes logarithmic, so that what is linear is a
straight line at 45 degrees."""
import math

# Name of a figure, colour.
SERIES = [("full plan", "#b2182b"), ("nothing to do", "#2166ac"), ("summary", "#1b7837"), ("plan", "#e08214")]
WIDTH, HEIGHT, MARGIN = 420, 320, 52


def write_plot(path, rows):
    """Writes the plot of the rows of one partition an object, as `scale.py` has them."""
    rows = [(objects, figures) for objects, what, figures in rows if what == "a partition each"]
    panels = [("seconds", "s"), ("MB", "MB")]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">',
             f'<rect width="{2 * WIDTH}" height="{HEIGHT}" fill="white"/>']
    for number, (figure, unit) in enumerate(panels):
        parts += panel(rows, figure, unit, number * WIDTH)
    parts.append("</svg>")
    with open(path, "w") as file:
        file.write("\n".join(parts) + "\n")


def panel(rows, figure, unit, left):
    values = [figures[name][figure] for _, figures in rows for name, _ in SERIES]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(rows[0][0]), math.log10(rows[-1][0])

    def x(objects):
        return left + MARGIN + (math.log10(objects) - first) / max(last - first, 1e-9) * (WIDTH - 2 * MARGIN)

    def y(value):
        return HEIGHT - MARGIN - (math.log10(value) - low) / (high - low) * (HEIGHT - 2 * MARGIN)

    parts = []
    for exponent in range(low, high + 1):
        at = y(10 ** exponent)
        parts.append(f'<line x1="{left + MARGIN}" x2="{left + WIDTH - MARGIN}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left + MARGIN - 6}" y="{at + 4:.1f}" text-anchor="end">{10 ** exponent:g} {unit}</text>')
    for objects, _ in rows:
        parts.append(f'<text x="{x(objects):.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{objects:,}</text>')
    parts.append(f'<text x="{left + WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">objects, each with a local copy and a partition</text>')
    # What is linear runs along this line, wherever it starts.
    middle = 10 ** ((low + high) / 2 - (last - first) / 2)
    end = middle * rows[-1][0] / rows[0][0]
    if low <= math.log10(middle) and math.log10(end) <= high:
        parts.append(f'<line x1="{x(rows[0][0]):.1f}" y1="{y(middle):.1f}" x2="{x(rows[-1][0]):.1f}" y2="{y(end):.1f}" '
                     'stroke="#999" stroke-dasharray="4 4"/>')
    for number, (name, colour) in enumerate(SERIES):
        points = " ".join(f"{x(objects):.1f},{y(figures[name][figure]):.1f}" for objects, figures in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{left + MARGIN + 8}" y="{MARGIN - 30 + 13 * number}" fill="{colour}">{name}</text>')
    return parts
