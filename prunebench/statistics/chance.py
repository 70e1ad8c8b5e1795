"""Whether an arm has learned anything: its accuracy against always naming the largest class."""

from __future__ import annotations


def p_above_chance(accuracy: float, images: int, share: float) -> float:
    """Return the exact p-value against "it does no better than always naming the largest class" (binomial).

    Seeds see the same test images, so that their mean is worth no more images than one of them: pass the mean accuracy
    of an arm and the images once.

    Args:
        accuracy: percent.
        images: number of test images.
        share: of the largest class among the test images, 0 to 1.

    Raises:
        ValueError: no image, or an accuracy or share that is none.
    """
    from scipy.special import bdtrc

    if images < 1 or not 0 <= accuracy <= 100 or not 0 < share <= 1:
        raise ValueError(
            f"accuracy {accuracy:g} %, {images} test images and a largest share of {share:g} given; valid are 0 to 100 "
            "percent, at least one image and a share above 0 and up to 1"
        )
    right = int(accuracy / 100 * images + 1e-9)  # a mean over seeds is rounded down, towards chance
    return float(bdtrc(right - 1, images, share)) if right else 1.0
