/*
 * page - the report's page as it is built in, in two halves: before and after its data.
 *
 * Made from backtest/page and the chart library by cmake/embed_page.cmake.
 */
#ifndef BACKTEST_PAGE_H
#define BACKTEST_PAGE_H

#include <stddef.h>

extern const unsigned char page_before[], page_after[];
extern const size_t page_before_bytes, page_after_bytes;

#endif
