/* page.c: see page.h. */
#include "page.h"

#include "figures.h"
#include "memory.h"

void page_open(struct page *page, const struct canvas *on)
{
    canvas_init(&page->canvas, PAGE_ROWS, on->cols, on->charset);
    page->row = 0;
}

int page_show(struct page *page, struct canvas *on, int row, int rows, int scroll)
{
    int hidden = page->row > rows ? page->row - rows : 0;
    int from = scroll < 0 ? 0 : scroll > hidden ? hidden : scroll;
    canvas_copy(on, row, &page->canvas, from, page->row - from < rows ? page->row - from : rows);
    if (hidden > 0 && rows > 1) {
        char text[FIG_SIZE];
        tui_format(text, sizeof text, " %d-%d of %d ", from + 1, from + rows, page->row);
        int width = canvas_width(on, text);
        canvas_put(on, row + rows - 1, on->cols - width, width, ROLE_KEY, text);
    }
    canvas_clear(&page->canvas);
    return hidden;
}

size_t page_first(size_t cursor, size_t count, size_t rows)
{
    if (count <= rows || rows == 0)
        return 0;
    size_t first = cursor > rows / 2 ? cursor - rows / 2 : 0;
    return first + rows > count ? count - rows : first;
}
