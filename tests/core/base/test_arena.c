#include "core/base/arena.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

/* Criterion's str is a char *, only read. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static bool is_zero(const unsigned char *bytes, size_t size_bytes)
{
	for (size_t i = 0; i < size_bytes; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

Test(arena, gives_zeroed_aligned_memory_again_after_a_reset)
{
	struct arena *arena = arena_new(256, 4096);
	for (int run = 0; run < 3; run++) {
		for (size_t size_bytes = 1; size_bytes < 60; size_bytes += 7) {
			unsigned char *bytes = arena_alloc(arena, size_bytes, 1);
			cr_assert(is_zero(bytes, size_bytes));
			cr_assert(eq(sz, (uintptr_t)bytes % 16, 0));
			memset(bytes, 0xff, size_bytes);
		}
		arena_reset(arena);
		cr_assert(eq(sz, arena_used(arena), 0));
	}
	arena_free(&arena);
	cr_assert(eq(ptr, arena, NULL));
}

Test(arena, keeps_blocks_apart_across_chunks)
{
	struct arena *arena = arena_new(64, 1 << 20);
	int *numbers[500];
	for (int i = 0; i < 500; i++) {
		numbers[i] = ARENA_NEW(arena, int);
		*numbers[i] = i;
	}
	for (int i = 0; i < 500; i++)
		cr_assert(eq(int, *numbers[i], i));
	arena_free(&arena);
}

Test(arena, a_block_larger_than_a_chunk_gets_its_own)
{
	struct arena *arena = arena_new(64, 1 << 20);
	char *large = ARENA_ARRAY(arena, char, 5000);
	memset(large, 'x', 5000);
	char *text = arena_text(arena, "after");

	cr_expect(eq(str, text, "after"));
	cr_expect(eq(int, large[4999], 'x'));
	arena_free(&arena);
}

Test(arena, formats_texts)
{
	struct arena *arena = arena_new(64, 4096);
	char *text = arena_format(arena, "%s/%d", "bot", 7);

	cr_expect(eq(str, text, "bot/7"));
	arena_free(&arena);
}

Test(arena, holds_exactly_its_limit)
{
	struct arena *arena = arena_new(64, 256);
	for (int i = 0; i < 16; i++)
		(void)arena_alloc(arena, 1, 16);
	cr_expect(eq(sz, arena_used(arena), 256));
	arena_free(&arena);
}

Test(arena, beyond_its_limit_the_process_ends, .signal = SIGABRT)
{
	struct arena *arena = arena_new(64, 256);
	for (int i = 0; i < 17; i++)
		(void)arena_alloc(arena, 1, 16);
}

Test(arena, a_count_that_overflows_ends_the_process, .signal = SIGABRT)
{
	struct arena *arena = arena_new(64, 256);
	(void)arena_alloc(arena, SIZE_MAX / 2, 4);
}

Test(arena, freeing_nothing_is_fine)
{
	struct arena *arena = NULL;
	arena_free(&arena);
}
