"""The optional main of an exported network: rows of numbers in, rows of outputs out."""

from __future__ import annotations

from string import Template

INCLUDES = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"

# A token ends at a separator; one of 128 characters or more is no number. Blank lines
# are skipped. Every failure ends with a line on stderr and the exit code 1.
CODE = Template("""
/* Standard input has a row of ${NAME}_N_IN numbers a line, with spaces, tabs or commas
 * between them; for each a line of outputs is printed, with all their digits. At a line
 * that is no such row it ends with the exit code 1, and says why on standard error. */
static int ${name}_fail(unsigned long line, const char *what)
{
    fprintf(stderr, "line %lu: %s (a row has %d numbers)\\n", line, what, ${NAME}_N_IN);
    return EXIT_FAILURE;
}

int main(void)
{
    static $type x[${NAME}_N_IN], a[${NAME}_N_OUT];
    char token[128], *end;
    size_t length = 0, j = 0, k;
    unsigned long line = 1;
    int c;
    do {
        c = getchar();
        if (c != EOF && (c == 0 || strchr(" ,\\t\\r\\n", c) == NULL)) {
            if (c == 0 || length + 1 == sizeof token)
                return ${name}_fail(line, "this is no number");
            token[length++] = (char)c;
            continue;
        }
        if (length > 0) {
            token[length] = 0;
            length = 0;
            if (j == ${NAME}_N_IN) return ${name}_fail(line, "too many numbers");
            x[j++] = $strto(token, &end);
            if (*end != 0) return ${name}_fail(line, "this is no number");
        }
        if (c != EOF && c != '\\n') continue;
        if (j > 0) {
            if (j < ${NAME}_N_IN) return ${name}_fail(line, "too few numbers");
            ${name}_predict(x, a);
            for (k = 0; k < ${NAME}_N_OUT; ++k)
                printf(k == 0 ? "$format" : " $format", (double)a[k]);
            putchar('\\n');
            j = 0;
        }
        ++line;
    } while (c != EOF);
    if (ferror(stdin) || fflush(stdout) != 0 || ferror(stdout)) {
        fputs("reading or writing failed\\n", stderr);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
""")


def code(name: str, c_type: str) -> str:
    """The function main of a network of numbers of this type."""
    return CODE.substitute(
        name=name,
        NAME=name.upper(),
        type=c_type,
        strto={"float": "strtof", "double": "strtod"}[c_type],
        format={"float": "%.9g", "double": "%.17g"}[c_type],
    )
