"""The words of a greeting."""


def greeting(name, is_loud=False, ending="."):
    return f"Hello {name}" + ("!" if is_loud else ending)
