"""The words of a greeting."""


def greeting(name: str, is_loud: bool = False, is_long: bool = True) -> str:
    return f"Hello {name}{'!' if is_loud else '.'}{' How are you?' if is_long else ''}"
