built: tuple[str, ...]
supported: tuple[str, ...]
