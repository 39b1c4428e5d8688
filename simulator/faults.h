/*
 * faults - misbehaviour on order: a table of rules, each of which spoils some requests.
 *
 * A rule names what it spoils (a path, an API key), how often (skip the first few, then count
 * times, or by chance), and what it does. Each request is held against every rule; what the
 * matching ones do adds up in one verdict, which the server carries out without knowing why. A
 * new kind of misbehaviour is a new row of the table in faults.c.
 *
 * Not thread-safe: the caller holds one lock.
 */
#ifndef SIMULATOR_FAULTS_H
#define SIMULATOR_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULTS_RULES_MAX 64
#define FAULTS_PPM 1000000

enum fault_kind {
	FAULT_LATENCY,       /* answers delay_ms later */
	FAULT_ERROR_BEFORE,  /* HTTP status, nothing executed */
	FAULT_ERROR_AFTER,   /* HTTP status, executed */
	FAULT_CUT_BEFORE,    /* connection closed without a reply byte, nothing executed */
	FAULT_CUT_AFTER,     /* likewise, executed */
	FAULT_SILENT_BEFORE, /* no answer for delay_ms, then closed; nothing executed */
	FAULT_SILENT_AFTER,  /* likewise, executed */
	FAULT_REFUSE,        /* the venue's envelope with code, nothing executed */
	FAULT_TRUNCATE,      /* executed; half of the body, then closed */
	FAULT_GARBAGE,       /* executed; HTTP 200 with HTML */
	FAULT_KINDS
};

struct fault_rule {
	enum fault_kind kind;
	char method[8];       /* "POST"; "" for every method */
	char path[64];        /* "/v5/order/create"; "" for every path */
	char key[65];         /* "" for every key and for public requests */
	int64_t skip;         /* matching requests that pass first */
	int64_t count;        /* how many are spoilt after that; 0: all */
	int64_t chance_ppm;   /* 1 to FAULTS_PPM, of each of them */
	int64_t delay_ms;     /* LATENCY, SILENT_… */
	int status;           /* ERROR_…: 400 to 599 */
	int code;             /* REFUSE */
	char message[64];     /* REFUSE */
	int64_t seen, spoilt; /* counters of the table, ignored by faults_add */
};

struct fault_verdict { /* zero: behave */
	bool skip_execution;
	bool cut;
	bool truncate;
	bool garbage;
	int status; /* 0: the reply's own */
	int code;   /* 0: no refusal */
	char message[64];
	int64_t delay_ms;
};

struct faults;

/* The caller frees. */
struct faults *faults_new(uint64_t seed);
void faults_free(struct faults **faults);

/* False if the table is full. The rule's fields must be in range (asserted). */
bool faults_add(struct faults *faults, const struct fault_rule *rule);
void faults_clear(struct faults *faults);

size_t faults_count(const struct faults *faults);
const struct fault_rule *faults_get(const struct faults *faults, size_t index);

struct fault_request {
	const char *method, *path;
	const char *key; /* "" for a public request */
};

/* Counts the request in every matching rule. */
struct fault_verdict faults_judge(struct faults *faults, const struct fault_request *request);

/* "cut_after" …; false if there is none such. */
bool faults_kind_parse(const char *text, enum fault_kind *ret);
const char *faults_kind_text(enum fault_kind kind);

#endif
