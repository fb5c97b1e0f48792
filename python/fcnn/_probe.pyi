built: tuple[str, ...]
in_main_interpreter: bool
supported: tuple[str, ...]
