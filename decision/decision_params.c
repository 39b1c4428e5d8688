#include "decision/decision.h"

#include "core/base/cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CHECK_FAULTS_MAX 16

/* Faults pile up here; the first few stand in the error, all of them in the array. */
struct faults {
	struct doc *list;
	size_t count;
	char text[200];
};

static void faults_done(struct faults *faults)
{
	doc_free(&faults->list);
}

__attribute__((format(printf, 5, 6))) static void faults_add(struct faults *faults,
	const char *name, const struct field *value, const char *bound, const char *format, ...)
{
	struct doc *fault = doc_object();
	char message[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);

	doc_text(fault, "field", name);
	if (value != NULL && value->value != NULL)
		doc_field(fault, "value", value);
	else
		doc_null(fault, "value");
	doc_text(fault, "bound", bound);
	doc_text(fault, "message", message);
	doc_push(faults->list, fault);

	size_t used = strlen(faults->text);
	snprintf(faults->text + used, sizeof faults->text - used, "%s%s: %s",
		faults->count > 0 ? "; " : "", name, message);
	faults->count++;
}

static int places_of(enum param_kind kind)
{
	return kind == PARAM_RATIO ? 6 : 8;
}

static void bound_text(const struct strategy_param *param, char *text, size_t size)
{
	int places = places_of(param->kind);

	switch (param->kind) {
	case PARAM_INT:
		snprintf(text, size, "%lld to %lld", (long long)param->minimum,
			(long long)param->maximum);
		break;
	case PARAM_RATIO:
	case PARAM_MONEY:
		snprintf(text, size, "%s to %s",
			DECIMAL_TEXT(decimal_trim(decimal_scaled(param->minimum, places))),
			DECIMAL_TEXT(decimal_trim(decimal_scaled(param->maximum, places))));
		break;
	case PARAM_BOOL:
		snprintf(text, size, "true or false");
		break;
	case PARAM_ENUM:
		text[0] = '\0';
		for (size_t i = 0; param->names[i] != NULL; i++) {
			size_t used = strlen(text);

			snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "",
				param->names[i]);
		}
		break;
	}
}

static int read_amount(const struct strategy_param *param, const struct field *value, int64_t *ret,
	struct err *err)
{
	struct decimal amount;
	struct decimal smallest = decimal_scaled(1, places_of(param->kind));

	if (field_as_decimal(value, &amount, err) == -1)
		return -1;
	if (!decimal_count(amount, smallest, ret))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"has more than %d places or is out of range", places_of(param->kind));
	return 0;
}

static int read_name(const struct strategy_param *param, const struct field *value, int64_t *ret,
	struct err *err)
{
	const char *text = NULL;

	if (field_as_text(value, &text, err) == -1)
		return -1;
	for (int64_t i = 0; param->names[i] != NULL; i++) {
		if (strcmp(param->names[i], text) == 0) {
			*ret = i;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "unrecognized value \"%.40s\"", text);
}

static int read_switch(const struct field *value, int64_t *ret, struct err *err)
{
	bool on = false;

	if (field_as_bool(value, &on, err) == -1)
		return -1;
	*ret = on;
	return 0;
}

static int read_value(const struct strategy_param *param, const struct field *value, int64_t *ret,
	struct err *err)
{
	switch (param->kind) {
	case PARAM_INT:
		return field_as_int(value, ret, err);
	case PARAM_RATIO:
	case PARAM_MONEY:
		return read_amount(param, value, ret, err);
	case PARAM_BOOL:
		return read_switch(value, ret, err);
	case PARAM_ENUM:
		return read_name(param, value, ret, err);
	}
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "cannot be read");
}

static void store(void *params, const struct strategy_param *param, int64_t value)
{
	memcpy((char *)params + param->offset, &value, sizeof value);
}

static void set_param(struct faults *faults, const struct strategy_param *param,
	const struct field *value, void *params)
{
	char bound[120];
	int64_t number = 0;
	struct err err;

	bound_text(param, bound, sizeof bound);
	if (!field_present(value)) {
		if (param->nullable)
			store(params, param, PARAM_OFF);
		else
			faults_add(faults, param->name, value, bound, "cannot be null");
		return;
	}
	if (read_value(param, value, &number, &err) == -1) {
		/* The reader names the path; the fault has a field of its own for it. */
		const char *text = strstr(err.message, ": expected ");

		faults_add(faults, param->name, value, bound, "%s", text ? text + 2 : err.message);
		return;
	}
	if (number < param->minimum || number > param->maximum) {
		faults_add(faults, param->name, value, bound, "must be from %s", bound);
		return;
	}
	store(params, param, number);
}

static const struct strategy_param *find_param(const struct strategy *strategy, const char *name)
{
	for (const struct strategy_param *param = strategy->params; param->name != NULL; param++) {
		if (strcmp(param->name, name) == 0)
			return param;
	}
	return NULL;
}

static bool is_column(const char *name)
{
	return strcmp(name, "leverage") == 0 || strcmp(name, "side") == 0 ||
	       strcmp(name, "symbol") == 0;
}

static void refuse_unknown(
	struct faults *faults, const struct strategy *strategy, const struct field *given)
{
	const char *name = NULL;

	for (size_t i = 0; (name = field_name_at(given, i)) != NULL; i++) {
		struct field value = {0};
		struct err err;

		if (find_param(strategy, name) != NULL)
			continue;
		(void)!field_get_optional(given, name, &value, &err);
		if (is_column(name))
			faults_add(
				faults, name, &value, "", "is a column of the pair, no parameter");
		else
			faults_add(faults, name, &value, "", "is no parameter of strategy %s here",
				strategy->name);
	}
}

/* The preset comes first: what is given stands over it. */
static int apply_preset(struct faults *faults, const struct strategy *strategy,
	const struct field *given, void *params, struct err *err)
{
	struct field value;
	const char *name = strategy->presets[0];

	if (field_get_optional(given, "preset", &value, err) == -1)
		return -1;
	if (field_present(&value) && field_is_string(&value) &&
		field_as_text(&value, &name, err) == -1)
		return -1;
	if (strategy->preset(name, params) == -1) {
		(void)strategy->preset(strategy->presets[0], params);
		faults_add(faults, "preset", &value, strategy->presets[0],
			"unrecognized preset \"%.40s\"", name);
	}
	return 0;
}

static int apply_given(struct faults *faults, const struct strategy *strategy,
	const struct field *given, void *params, struct err *err)
{
	size_t faults_before = faults->count;

	for (const struct strategy_param *param = strategy->params; param->name != NULL; param++) {
		struct field value;
		bool is_preset = strcmp(param->name, "preset") == 0;

		if (field_get_optional(given, param->name, &value, err) == -1)
			return -1;
		if (value.value == NULL || (is_preset && faults_before > 0))
			continue;
		set_param(faults, param, &value, params);
	}
	return 0;
}

static void check_together(struct faults *faults, const struct strategy *strategy,
	const void *params, int64_t leverage)
{
	char texts[CHECK_FAULTS_MAX][160];
	size_t count = strategy->check(params, leverage, texts, CHECK_FAULTS_MAX);

	for (size_t i = 0; i < count; i++) {
		char *colon = strstr(texts[i], ": ");

		if (colon == NULL) {
			faults_add(faults, "params", NULL, "", "%s", texts[i]);
			continue;
		}
		*colon = '\0';
		faults_add(faults, texts[i], NULL, "", "%s", colon + 2);
	}
}

int decision_params(const struct strategy *strategy, const struct field *params, int64_t leverage,
	void *ret_params, char **ret_faults, struct err *err)
{
	CLEANUP(faults_done) struct faults faults = {.list = doc_array()};
	unsigned char made[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16))) = {0};

	if (apply_preset(&faults, strategy, params, made, err) == -1 ||
		apply_given(&faults, strategy, params, made, err) == -1) {
		err->code = ERR_INVALID;
		return -1;
	}
	refuse_unknown(&faults, strategy, params);
	if (faults.count == 0)
		check_together(&faults, strategy, made, leverage);

	if (faults.count == 0) {
		memcpy(ret_params, made, strategy->params_size);
		return 0;
	}
	if (ret_faults != NULL)
		*ret_faults = doc_dump(faults.list);
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s", faults.text);
}
