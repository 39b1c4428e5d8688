#include "decision/decision.h"

#include "core/base/cleanup.h"
#include "decision/param.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_FAULTS_MAX 32

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

static void faults_push(
	struct faults *faults, struct doc *fault, const char *name, const char *message)
{
	size_t used = strlen(faults->text);

	doc_push(faults->list, fault);
	(void)snprintf(faults->text + used, sizeof faults->text - used, "%s%s: %s",
		faults->count > 0 ? "; " : "", name, message);
	faults->count++;
}

__attribute__((format(printf, 5, 6))) static void faults_add(struct faults *faults,
	const char *name, const struct field *value, const char *bound, const char *format, ...)
{
	struct doc *fault = doc_object();
	char message[160];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);

	doc_text(fault, "field", name);
	if (value != NULL && value->value != NULL)
		doc_field(fault, "value", value);
	else
		doc_null(fault, "value");
	doc_text(fault, "bound", bound);
	doc_text(fault, "message", message);
	faults_push(faults, fault, name, message);
}

/* One that a strategy found. */
static void faults_add_text(struct faults *faults, const struct strategy_fault *found)
{
	struct doc *fault = doc_object();

	doc_text(fault, "field", found->field);
	doc_text(fault, "value", found->value[0] != '\0' ? found->value : NULL);
	doc_text(fault, "bound", found->bound);
	doc_text(fault, "message", found->message);
	faults_push(faults, fault, found->field, found->message);
}

/* ---- single values -------------------------------------------------------------------------- */

static int read_amount(const struct strategy_param *param, const struct field *value, int64_t *ret,
	struct err *err)
{
	struct decimal amount;
	int places = param_places(param->kind);

	if (field_as_decimal(value, &amount, err) == -1)
		return -1;
	if (!decimal_count(amount, decimal_scaled(1, places), ret))
		return err_set(err, ERR_INVALID, ERR_RETRY_NEVER,
			"has more than %d places or is out of range", places);
	return 0;
}

static bool is_one_of(const char *const *names, const char *text)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		if (strcmp(names[i], text) == 0)
			return true;
	}
	return false;
}

static int read_name(const struct strategy_param *param, const struct field *value, int64_t *ret,
	struct err *err)
{
	const char *text = NULL;

	if (field_as_text(value, &text, err) == -1)
		return -1;
	if (is_one_of(param->later, text))
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "\"%.40s\" is not built yet", text);
	*ret = param_index(param, text);
	if (*ret == -1)
		return err_set(
			err, ERR_INVALID, ERR_RETRY_NEVER, "unrecognized value \"%.40s\"", text);
	return 0;
}

static int read_set(const struct strategy_param *param, const struct field *value, int64_t *ret,
	struct err *err)
{
	size_t count = 0;
	int64_t set = 0;

	if (field_count(value, &count, err) == -1)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct field item;
		int64_t index = 0;

		if (field_item(value, i, &item, err) == -1 ||
			read_name(param, &item, &index, err) == -1)
			return -1;
		set |= 1LL << index;
	}
	*ret = set;
	return 0;
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
	case PARAM_SET:
		return read_set(param, value, ret, err);
	case PARAM_OBJECT:
	case PARAM_LIST:
		break;
	}
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "cannot be read");
}

/* The reader names the path; a fault has a field of its own for it. */
static const char *without_path(const char *message)
{
	const char *text = strstr(message, ": expected ");

	return text != NULL ? text + 2 : message;
}

static void set_value(struct faults *faults, const struct strategy_param *param, const char *path,
	const struct field *value, void *base)
{
	char bound[PARAM_BOUND_SIZE];
	int64_t number = 0;
	struct err err;

	param_bound(param, bound);
	if (read_value(param, value, &number, &err) == -1)
		faults_add(faults, path, value, bound, "%s", without_path(err.message));
	else if (param->kind != PARAM_ENUM && param->kind != PARAM_SET &&
		 (number < param->minimum || number > param->maximum))
		faults_add(faults, path, value, bound, "must be from %s", bound);
	else
		param_store(param, base, number);
}

/* ---- objects and lists ---------------------------------------------------------------------- */

static void set_param(struct faults *faults, const struct strategy_param *param, const char *path,
	const struct field *value, void *base);

static const struct strategy_param *find_param(const struct strategy_param *table, const char *name)
{
	for (; table->name != NULL; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

static void set_members(struct faults *faults, const struct strategy_param *members,
	const char *path, const struct field *object, void *base)
{
	char name[sizeof object->path];
	const char *given = NULL;

	for (const struct strategy_param *member = members; member->name != NULL; member++) {
		struct field value = {0};
		struct err err;

		(void)snprintf(name, sizeof name, "%s.%s", path, member->name);
		if (field_get_optional(object, member->name, &value, &err) == -1)
			faults_add(faults, path, object, "", "%s", without_path(err.message));
		else if (value.value != NULL)
			set_param(faults, member, name, &value, base);
		else if (member->fallback != NULL)
			param_store(member, base, param_of_text(member, member->fallback));
		else
			faults_add(faults, name, NULL, "", "must be given");
	}
	for (size_t i = 0; (given = field_name_at(object, i)) != NULL; i++) {
		(void)snprintf(name, sizeof name, "%s.%s", path, given);
		if (find_param(members, given) == NULL)
			faults_add(faults, name, NULL, "", "unrecognized member");
	}
}

static void set_object(struct faults *faults, const struct strategy_param *param, const char *path,
	const struct field *value, void *base)
{
	if (!field_is_object(value)) {
		faults_add(faults, path, value, "an object or null", "expected an object or null");
		return;
	}
	param_store(param, base, 1);
	set_members(faults, param->members, path, value, param_item(param, base, 0));
}

static void set_list(struct faults *faults, const struct strategy_param *param, const char *path,
	const struct field *value, void *base)
{
	char bound[PARAM_BOUND_SIZE];
	char name[sizeof value->path];
	size_t count = 0;
	struct err err;

	param_bound(param, bound);
	if (field_count(value, &count, &err) == -1) {
		faults_add(faults, path, value, bound, "%s", without_path(err.message));
		return;
	}
	if ((int64_t)count < param->minimum || (int64_t)count > param->maximum) {
		faults_add(faults, path, value, bound, "has %zu items, allowed: %s", count, bound);
		return;
	}
	param_store(param, base, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		struct field item;

		(void)snprintf(name, sizeof name, "%s[%zu]", path, i);
		if (field_item(value, i, &item, &err) == -1 || !field_is_object(&item))
			faults_add(faults, name, NULL, "an object", "expected an object");
		else
			set_members(
				faults, param->members, name, &item, param_item(param, base, i));
	}
}

static void set_param(struct faults *faults, const struct strategy_param *param, const char *path,
	const struct field *value, void *base)
{
	char bound[PARAM_BOUND_SIZE];

	param_bound(param, bound);
	if (!field_present(value)) {
		if (param->nullable)
			param_store(param, base, param->kind == PARAM_OBJECT ? 0 : PARAM_OFF);
		else
			faults_add(faults, path, value, bound, "cannot be null");
		return;
	}
	if (param->kind == PARAM_OBJECT)
		set_object(faults, param, path, value, base);
	else if (param->kind == PARAM_LIST)
		set_list(faults, param, path, value, base);
	else
		set_value(faults, param, path, value, base);
}

/* ---- names that are not known --------------------------------------------------------------- */

static const char *column_of(const char *name)
{
	static const char *const of_pair[] = {"leverage", "side", "symbol", "position_mode",
		"auto_open", "automatic_mode", "ema_interval", NULL};
	static const char *const of_bot[] = {
		"exchange", "environment", "mode", "interval_seconds", NULL};

	if (is_one_of(of_pair, name))
		return "pair";
	return is_one_of(of_bot, name) ? "bot" : NULL;
}

static bool is_of_another_preset(const struct strategy *strategy, const char *name)
{
	for (const struct strategy_preset *preset = strategy->presets; preset->name != NULL;
		preset++) {
		if (find_param(preset->params, name) != NULL)
			return true;
	}
	return strncmp(name, "compat.", 7) == 0;
}

static void refuse(struct faults *faults, const struct strategy *strategy,
	const struct strategy_preset *preset, const char *name, const struct field *value)
{
	const char *column = column_of(name);

	if (column != NULL)
		faults_add(faults, name, value, "", "is a column of the %s, no parameter", column);
	else if (is_of_another_preset(strategy, name))
		faults_add(faults, name, value, "", "is fixed in preset %s", preset->name);
	else if (is_one_of(strategy->later, name))
		faults_add(faults, name, value, "", "is not built yet");
	else
		faults_add(faults, name, value, "", "is no parameter of strategy %s here",
			strategy->name);
}

static void refuse_unknown(struct faults *faults, const struct strategy *strategy,
	const struct strategy_preset *preset, const struct field *given)
{
	const char *name = NULL;

	for (size_t i = 0; (name = field_name_at(given, i)) != NULL; i++) {
		struct field value = {0};
		struct err err;

		if (find_param(preset->params, name) != NULL)
			continue;
		(void)!field_get_optional(given, name, &value, &err);
		refuse(faults, strategy, preset, name, &value);
	}
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* The preset comes first: what is given stands over it. */
static int apply_preset(struct faults *faults, const struct strategy *strategy,
	const struct field *given, const struct strategy_preset **ret, struct err *err)
{
	struct field value;
	const char *name = strategy->presets[0].name;

	if (field_get_optional(given, "preset", &value, err) == -1)
		return -1;
	if (field_present(&value) && field_is_string(&value) &&
		field_as_text(&value, &name, err) == -1)
		return -1;
	*ret = strategy_preset(strategy, name);
	if (*ret == NULL) {
		*ret = &strategy->presets[0];
		faults_add(faults, "preset", &value, strategy->presets[0].name,
			"unrecognized preset \"%.40s\"", name);
	}
	return 0;
}

static int apply_given(struct faults *faults, const struct strategy_preset *preset,
	const struct field *given, void *params, struct err *err)
{
	size_t faults_before = faults->count;

	for (const struct strategy_param *param = preset->params; param->name != NULL; param++) {
		struct field value;
		bool is_preset = strcmp(param->name, "preset") == 0;

		if (field_get_optional(given, param->name, &value, err) == -1)
			return -1;
		if (value.value == NULL || (is_preset && faults_before > 0))
			continue;
		set_param(faults, param, param->name, &value, params);
	}
	return 0;
}

static void add_checked(struct faults *faults, const struct strategy *strategy, const void *params,
	const struct strategy_setting *setting)
{
	struct strategy_fault found[CHECK_FAULTS_MAX];
	size_t count = strategy->check(params, setting, found, CHECK_FAULTS_MAX);

	for (size_t i = 0; i < count; i++)
		faults_add_text(faults, &found[i]);
}

static int faults_result(struct faults *faults, char **ret_faults, struct err *err)
{
	if (faults->count == 0)
		return 0;
	if (ret_faults != NULL)
		*ret_faults = doc_dump(faults->list);
	return err_set(err, ERR_INVALID, ERR_RETRY_NEVER, "%s", faults->text);
}

int decision_params_read(const struct strategy *strategy, const struct field *params,
	void *ret_params, char **ret_faults, struct err *err)
{
	CLEANUP(faults_done) struct faults faults = {.list = doc_array()};
	unsigned char made[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16))) = {0};
	const struct strategy_preset *preset = NULL;

	if (apply_preset(&faults, strategy, params, &preset, err) == -1) {
		err->code = ERR_INVALID;
		return -1;
	}
	preset->values(made);
	if (apply_given(&faults, preset, params, made, err) == -1) {
		err->code = ERR_INVALID;
		return -1;
	}
	refuse_unknown(&faults, strategy, preset, params);
	if (faults_result(&faults, ret_faults, err) == -1)
		return -1;
	memcpy(ret_params, made, strategy->params_size);
	return 0;
}

int decision_params(const struct strategy *strategy, const struct field *params, int64_t leverage,
	void *ret_params, char **ret_faults, struct err *err)
{
	unsigned char made[STRATEGY_PARAMS_SIZE] __attribute__((aligned(16)));
	const struct strategy_setting setting = {.leverage = leverage};

	if (decision_params_read(strategy, params, made, ret_faults, err) == -1 ||
		decision_check(strategy, made, &setting, ret_faults, err) == -1)
		return -1;
	memcpy(ret_params, made, strategy->params_size);
	return 0;
}

int decision_check(const struct strategy *strategy, const void *params,
	const struct strategy_setting *setting, char **ret_faults, struct err *err)
{
	CLEANUP(faults_done) struct faults faults = {.list = doc_array()};

	add_checked(&faults, strategy, params, setting);
	return faults_result(&faults, ret_faults, err);
}
