#include "simulator/faults.h"

#include "core/base/err.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct faults {
	struct fault_rule rules[FAULTS_RULES_MAX];
	size_t count;
	uint64_t dice;
};

/* What each kind does; status, code and delay come from the rule. */
static const struct {
	char text[16];
	bool skip_execution, cut, truncate, garbage, takes_status, takes_code;
} kinds[FAULT_KINDS] = {
	[FAULT_LATENCY] = {.text = "latency"},
	[FAULT_ERROR_BEFORE] = {"error_before", .skip_execution = true, .takes_status = true},
	[FAULT_ERROR_AFTER] = {"error_after", .takes_status = true},
	[FAULT_CUT_BEFORE] = {"cut_before", .skip_execution = true, .cut = true},
	[FAULT_CUT_AFTER] = {"cut_after", .cut = true},
	[FAULT_SILENT_BEFORE] = {"silent_before", .skip_execution = true, .cut = true},
	[FAULT_SILENT_AFTER] = {"silent_after", .cut = true},
	[FAULT_REFUSE] = {"refuse", .skip_execution = true, .takes_code = true},
	[FAULT_TRUNCATE] = {"truncate", .truncate = true},
	[FAULT_GARBAGE] = {"garbage", .garbage = true},
};

struct faults *faults_new(uint64_t seed)
{
	struct faults *faults = mem_zero(1, sizeof *faults);

	faults->dice = seed;
	return faults;
}

void faults_free(struct faults **faults)
{
	free(*faults);
	*faults = NULL;
}

bool faults_add(struct faults *faults, const struct fault_rule *rule)
{
	assert(rule->kind < FAULT_KINDS);
	assert(rule->chance_ppm >= 1 && rule->chance_ppm <= FAULTS_PPM);
	assert(rule->skip >= 0 && rule->count >= 0 && rule->delay_ms >= 0);
	if (faults->count == FAULTS_RULES_MAX)
		return false;
	faults->rules[faults->count] = *rule;
	faults->rules[faults->count].seen = 0;
	faults->rules[faults->count++].spoilt = 0;
	return true;
}

void faults_clear(struct faults *faults)
{
	faults->count = 0;
}

size_t faults_count(const struct faults *faults)
{
	return faults->count;
}

const struct fault_rule *faults_get(const struct faults *faults, size_t index)
{
	assert(index < faults->count);
	return &faults->rules[index];
}

static uint64_t draw(struct faults *faults)
{
	faults->dice = faults->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return faults->dice >> 33;
}

static bool fits(const char *wanted, const char *text)
{
	return wanted[0] == '\0' || strcmp(wanted, text) == 0;
}

static bool matches(const struct fault_rule *rule, const struct fault_request *request)
{
	return fits(rule->method, request->method) && fits(rule->path, request->path) &&
	       fits(rule->key, request->key);
}

static bool strikes(struct faults *faults, struct fault_rule *rule)
{
	rule->seen++;
	if (rule->seen <= rule->skip)
		return false;
	if (rule->count > 0 && rule->spoilt >= rule->count)
		return false;
	if (draw(faults) % FAULTS_PPM >= (uint64_t)rule->chance_ppm)
		return false;
	rule->spoilt++;
	return true;
}

static void add_up(struct fault_verdict *verdict, const struct fault_rule *rule)
{
	verdict->skip_execution |= kinds[rule->kind].skip_execution;
	verdict->cut |= kinds[rule->kind].cut;
	verdict->truncate |= kinds[rule->kind].truncate;
	verdict->garbage |= kinds[rule->kind].garbage;
	verdict->delay_ms += rule->delay_ms;
	if (kinds[rule->kind].takes_status)
		verdict->status = rule->status;
	if (kinds[rule->kind].takes_code) {
		verdict->code = rule->code;
		(void)snprintf(verdict->message, sizeof verdict->message, "%s", rule->message);
	}
}

struct fault_verdict faults_judge(struct faults *faults, const struct fault_request *request)
{
	struct fault_verdict verdict = {0};

	for (size_t i = 0; i < faults->count; i++) {
		struct fault_rule *rule = &faults->rules[i];
		if (matches(rule, request) && strikes(faults, rule))
			add_up(&verdict, rule);
	}
	return verdict;
}

bool faults_kind_parse(const char *text, enum fault_kind *ret)
{
	for (size_t i = 0; i < FAULT_KINDS; i++) {
		if (strcmp(kinds[i].text, text) == 0) {
			*ret = (enum fault_kind)i;
			return true;
		}
	}
	return false;
}

const char *faults_kind_text(enum fault_kind kind)
{
	assert(kind < FAULT_KINDS);
	return kinds[kind].text;
}
