"""Small detection datasets on disk, in the layout of PASCAL VOC."""

from pathlib import Path

from PIL import Image

OBJECT = """<object><name>{label}</name><difficult>{difficult}</difficult>
<bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"""


def write_voc(root: Path, scenes: dict[str, dict[str, list]], size=(40, 30)) -> Path:
    """Write `scenes[split][name]`, lists of (label, box) or (label, box, difficult) with boxes as VOC has them."""
    for part in ("Annotations", "ImageSets/Main", "JPEGImages"):
        (root / part).mkdir(parents=True, exist_ok=True)
    for split, images in scenes.items():
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text("".join(f"{name}\n" for name in images))
        for number, (name, objects) in enumerate(images.items()):
            Image.new("RGB", size, (20 * number,) * 3).save(root / "JPEGImages" / f"{name}.jpg", quality=100)
            write_annotation(root, name, objects, size)
    return root


def write_annotation(root, name, objects, size=(40, 30)):
    written = "".join(OBJECT.format(*o[1], label=o[0], difficult=int(len(o) > 2)) for o in objects)
    head = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{head}{written}</annotation>")
