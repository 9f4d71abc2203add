/*
 * cli_verdict.c: `slipway verdict`: the sequential test on a table of the user's own.
 *
 * Nothing is polled and no configuration read. The whole table is read before anything is printed,
 * so that a wrong line is never told behind half an answer.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Any longer text has a line too long or too many lines, which the reader tells. */
#define TABLE_MAX ((size_t)SW_VERDICT_LINES_MAX * (SW_VERDICT_LINE_MAX + 1) + 1)

struct table {
    struct sw_verdict_options options;
    size_t count, row_count;
    struct sw_verdict_bucket *buckets;
    struct sw_verdict_row *rows;
    struct sw_value sees;
};

/* --------------------------------------------------------------------- reading */

static void read_stream(FILE *from, struct text *text)
{
    char part[64 * 1024];
    size_t len;
    while (text->len < TABLE_MAX && (len = fread(part, 1, sizeof part, from)) > 0)
        text_add(text, part, len);
}

static bool read_input(const char *path, const char *name, struct text *text)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *from = is_stdin ? stdin : fopen(path, "re");
    errno = from == NULL ? errno : 0;
    if (from != NULL)
        read_stream(from, text);
    bool is_good = from != NULL && !ferror(from);
    if (!is_good)
        cli_complain("%s: %s", name, strerror(errno));
    if (from != NULL && !is_stdin)
        fclose(from);
    return is_good;
}

/* CLI_OK, or why there is no table; then it has been told. */
static int read_table(const char *path, struct table *table)
{
    struct sw_error err = {0};
    struct text text = {0};
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    bool is_read = read_input(path, name, &text);
    enum sw_code code = SW_OK;
    if (is_read)
        code = sw_verdict_parse(text.data, text.len, &table->buckets, &table->count, &err);
    if (code != SW_OK)
        cli_complain("%s: %s", name, err.text);
    free(text.data);
    return !is_read ? CLI_HOLD : code != SW_OK ? CLI_USAGE : CLI_OK;
}

/* -------------------------------------------------------------------- printing */

static const char *state_title(enum sw_verdict state)
{
    static const char *const titles[SW_VERDICT_COUNT] = {
        [SW_VERDICT_UNKNOWN] = "UNKNOWN",
        [SW_VERDICT_WORSE] = "WORSE",
        [SW_VERDICT_NOT_WORSE] = "NOT WORSE",
        [SW_VERDICT_NOT_ENOUGH_DATA] = "NOT ENOUGH DATA",
    };
    return titles[state];
}

/* Two decimals where the ratio is near 1, three digits elsewhere; "-" when it has no bound. */
static const char *ratio_text(struct sw_value ratio, char *out, size_t size)
{
    if (!ratio.is_known)
        return tui_format(out, size, "-");
    bool is_plain = ratio.value >= 0.095 && ratio.value < 9999.5;
    bool is_zero = !(ratio.value > 0);
    return tui_format(out, size, is_zero ? "%.0f" : is_plain ? "%.2f" : "%.2e", ratio.value);
}

static void print_row(const struct sw_verdict_row *row)
{
    char ratio[32];
    char low[32];
    char high[32];
    printf("%6zu %12.4f %12.4f %12.4f %9.3g  %-15s %6zu %9s %9s %10s\n", row->number,
           row->log_e_cum, row->log_e_onset, row->log_e, row->p, sw_verdict_name(row->state),
           row->since, ratio_text(row->ratio, ratio, sizeof ratio),
           ratio_text(row->ratio_low, low, sizeof low),
           ratio_text(row->ratio_high, high, sizeof high));
}

static void print_end(const struct table *table, const struct sw_verdict_row *last)
{
    char ratio[32];
    char low[32];
    char high[32];
    printf("\n%s", state_title(last->state));
    if (last->state == SW_VERDICT_WORSE)
        printf(" since about bucket %zu", last->since);
    if (last->state == SW_VERDICT_NOT_WORSE)
        printf(" than %gx, over the last %zu buckets", table->options.margin, table->options.soak);
    printf(": ratio about %s (%s to %s), n %.0f new and %.0f old\n",
           ratio_text(last->ratio, ratio, sizeof ratio),
           ratio_text(last->ratio_low, low, sizeof low),
           ratio_text(last->ratio_high, high, sizeof high), last->n_new, last->n_old);
    if (last->is_halt_advised)
        printf("A halt is advised.\n");
    if (table->sees.is_known)
        printf("This traffic sees ratios from %s on.\n",
               ratio_text(table->sees, ratio, sizeof ratio));
}

static void print_table(const struct table *table)
{
    if (table->row_count == 0) {
        puts("UNKNOWN: no bucket has sessions of both versions");
        return;
    }
    printf("%6s %12s %12s %12s %9s  %-15s %6s %9s %9s %10s\n", "bucket", "log_e_cum", "log_e_onset",
           "log_e", "p", "state", "since", "ratio", "ratio_low", "ratio_high");
    for (size_t i = 0; i < table->row_count; i++)
        print_row(&table->rows[i]);
    print_end(table, &table->rows[table->row_count - 1]);
}

static int print_json(const struct table *table)
{
    struct sw_error err = {0};
    char *text = NULL;
    enum sw_code code =
        sw_verdict_json(&table->options, table->rows, table->row_count, table->sees, &text, &err);
    if (code != SW_OK) {
        cli_complain("%s", err.text);
        return cli_exit_of_code(code);
    }
    puts(text);
    free(text);
    return CLI_OK;
}

int cli_verdict(const struct cli_request *request)
{
    struct table table = {.options = sw_verdict_options_default((size_t)request->starts)};
    int code = read_table(request->args[0], &table);
    if (code != CLI_OK)
        return code;
    table.options.r0 = request->r0;
    if (request->soak > 0)
        table.options.soak = (size_t)request->soak;
    table.rows = tui_alloc(table.count + 1, sizeof *table.rows);
    table.row_count = sw_verdict_rows(&table.options, table.buckets, table.count, table.rows);
    table.sees = sw_verdict_sees(&table.options, table.buckets, table.count);
    if (request->values[CLI_JSON] != NULL)
        code = print_json(&table);
    else
        print_table(&table);
    enum sw_verdict state =
        table.row_count > 0 ? table.rows[table.row_count - 1].state : SW_VERDICT_UNKNOWN;
    free(table.rows);
    free(table.buckets);
    return code != CLI_OK ? code : cli_exit_of_verdict(state);
}
