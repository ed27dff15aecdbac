"""The words a photo is learned with: a caption as somebody wrote it, put into a template with the trigger."""

import re

TEMPLATE = "{trigger}, {caption}"
PARTS = ("trigger", "class", "caption")
EXAMPLE = "a photo of {trigger} {class}, {caption}"
ARTICLE = re.compile(r"^(?:an?|the)\s+", re.IGNORECASE)


def is_template(template: str) -> bool:
    """Does it name the trigger, and nothing but the three parts?"""
    named = re.findall(r"\{([^{}]*)\}", template)
    left = re.sub(r"\{[^{}]*\}", "", template)
    return "trigger" in named and set(named) <= set(PARTS) and not set("{}") & set(left)


def phrased(caption: str, trigger: str, template: str = TEMPLATE, of_class: str = "") -> str:
    """The caption in the template. One that names the trigger already stays as it is, and so does any when
    there is no trigger.

    `of_class` is what the product is one of ("a bottle"); its article goes, and so does the word itself when
    the trigger ends with it. Where a part is empty, the commas and spaces around it go too.
    """
    if not trigger or names(caption, trigger):
        return caption
    kind = ARTICLE.sub("", of_class.strip())
    if kind and trigger.casefold().endswith(kind.casefold()):
        kind = ""
    parts = {"trigger": trigger, "class": kind, "caption": caption}
    # In one pass: a caption may hold braces of its own.
    text = re.sub(r"\{(\w+)\}", lambda match: parts.get(match[1], match[0]), template)
    text = re.sub(r"\s+(?=[,;.:])|(?<=\s)\s+", "", text)
    text = re.sub(r"([,;:])(?:\s*[,;:])+", r"\1", text)
    return text.strip(" ,;:")


def names(caption: str, trigger: str) -> bool:
    """Does the caption call the product by its trigger?"""
    return trigger.casefold() in caption.casefold()
