/*
 * vetting - what is refused at once, before it is acknowledged.
 *
 * Reads the request into whole units on the way. Margin and risk are looked at by the callers
 * (broker.c at acknowledgement, matching.c at effect), since they need the order among the others.
 */
#ifndef BROKER_VETTING_H
#define BROKER_VETTING_H

#include "broker/model.h"

/* Fills *err for a refusal and returns -1. */
int vetting_refuse(struct err *err, enum broker_refusal refusal, const char *symbol);

/*
 * Sets the fields of *ret that follow from the request (ids, links and times stay).
 * id_may_repeat: of an order that is final.
 */
MUST_CHECK int vetting_place(const struct broker *broker, const struct slot *slot,
	const struct order_request *request, bool id_may_repeat, struct record *ret,
	struct err *err);

/* Checks an amend against the order as it stands; *ret is a copy of it with the new amounts. */
MUST_CHECK int vetting_amend(const struct broker *broker, const struct record *record,
	const struct broker_amend *amend, struct record *ret, struct err *err);

/*
 * Refuses a waiting order whose trigger lies on the wrong side of the price now. Asked when it is
 * acknowledged only: one that is on the wrong side when it takes effect fires at once, since a
 * late stop must rather close too early than not stand at all.
 */
MUST_CHECK int vetting_trigger(
	const struct broker *broker, const struct record *record, struct err *err);

/* The price at which an order reserves margin now. */
int64_t vetting_reserve(const struct listing *listing, const struct record *record);

const char *vetting_refusal_name(enum broker_refusal refusal);

#endif
