// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * One line of the allowlist, name:path[:option[,option...]], as chos/abi.h
 * defines it.  Nothing here touches shared state.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "chos.h"

/* [A-Za-z0-9._+-]+, at most CHOS_NAME_MAX bytes: a top-level name of the farm. */
bool chos_word_ok(const char *word)
{
	size_t len;

	for (len = 0; word[len]; len++) {
		if (len == CHOS_NAME_MAX || !isascii(word[len]) ||
		    !(isalnum(word[len]) || strchr("._+-", word[len])))
			return false;
	}
	return len;
}

/* The same beginning with a letter or a digit: the name of an OS. */
bool chos_name_ok(const char *name)
{
	return chos_word_ok(name) && isalnum(*name);
}

/* Absolute, no "." or ".." or empty component, no blank, control or ':'. */
bool chos_path_ok(const char *path)
{
	size_t len = strnlen(path, CHOS_PATH_MAX + 1);
	const char *p = path;

	if (len > CHOS_PATH_MAX || *p != '/')
		return false;
	if (!p[1])
		return true;
	while (*p == '/') {
		size_t part = strcspn(++p, "/");

		if (!part || (part == 1 && p[0] == '.') ||
		    (part == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		for (; part; part--, p++) {
			unsigned char c = *p;

			if (c <= ' ' || c == 0x7f || c == ':')
				return false;
		}
	}
	return true;
}

static int parse_groups(char *list, struct chos_rule *rule)
{
	char *gid;

	if (rule->groups)
		return -EINVAL;
	rule->groups = kcalloc(CHOS_GROUPS_MAX, sizeof(*rule->groups), GFP_KERNEL);
	if (!rule->groups)
		return -ENOMEM;
	while ((gid = strsep(&list, "|"))) {
		unsigned int number;
		kgid_t kgid;

		if (rule->ngroups == CHOS_GROUPS_MAX)
			return -E2BIG;
		/* kstrtouint() would take a sign or "0x". */
		if (!isdigit(gid[0]) || kstrtouint(gid, 10, &number))
			return -EINVAL;
		kgid = make_kgid(&init_user_ns, number);
		if (!gid_valid(kgid))
			return -EINVAL;
		rule->groups[rule->ngroups++] = kgid;
	}
	return 0;
}

/* Sets @flag once; a second time is an error. */
static int set_once(bool *flag)
{
	if (*flag)
		return -EINVAL;
	*flag = true;
	return 0;
}

static int parse_option(char *option, struct chos_rule *rule)
{
	if (!strcmp(option, "closed"))
		return set_once(&rule->closed);
	if (!strcmp(option, "suid"))
		return set_once(&rule->suid);
	if (!strcmp(option, "nosuid"))
		return set_once(&rule->nosuid);
	if (!strcmp(option, "persona=linux32"))
		return set_once(&rule->linux32);
	if (!strncmp(option, "groups=", 7))
		return parse_groups(option + 7, rule);
	return -EINVAL;
}

/**
 * chos_parse_rule - parse one line of the allowlist
 * @line: the line without its newline, NUL-terminated; is cut into fields
 * @rule: filled in; @rule->groups is the caller's to free, also after an error
 * @expected: what was expected, after -EINVAL
 *
 * Context: may sleep.
 * Return: 1 an entry, 0 a line without one (empty, comment, %SHELLS), -EINVAL,
 * -E2BIG or -ENOMEM.
 */
int chos_parse_rule(char *line, struct chos_rule *rule, const char **expected)
{
	char *option;
	int err;

	memset(rule, 0, sizeof(*rule));
	if (!*line || *line == '#' || !strcmp(line, "%SHELLS"))
		return 0;
	rule->name = strsep(&line, ":");
	*expected = "a name of letters, digits and ._+- before a ':'";
	if (!line || !chos_name_ok(rule->name))
		return -EINVAL;
	rule->path = strsep(&line, ":");
	*expected = "an absolute path without . or .. and without a slash at its end";
	if (!chos_path_ok(rule->path))
		return -EINVAL;
	*expected = "options closed, suid, nosuid, groups=GID|GID, persona=linux32, each once";
	while (line && (option = strsep(&line, ","))) {
		err = parse_option(option, rule);
		if (err)
			return err;
	}
	if (rule->suid && rule->nosuid)
		return -EINVAL;
	return 1;
}
