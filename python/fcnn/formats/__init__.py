"""Networks to and from other libraries' formats: a file each.

Every exporter reads `plain.PlainNetwork` and keeps one table of the activations beside
its code; every importer ends in `plain.network`.
"""
