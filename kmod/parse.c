// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Parsing one line of the allowlist, name:path[:option[,option...]], as chos/abi.h
 * defines it.  The functions use no shared state.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "chos.h"

/* Does @name match [A-Za-z0-9._+-]+, with at most CHOS_NAME_MAX bytes?  Context: any. */
bool chos_name_chars_ok(const char *name)
{
	size_t len;

	for (len = 0; name[len]; len++) {
		if (len == CHOS_NAME_MAX || !isascii(name[len]) ||
		    !(isalnum(name[len]) || strchr("._+-", name[len])))
			return false;
	}
	return len;
}

/* Is @name a valid name of an OS, which begins with a letter or digit?  Context: any. */
bool chos_os_name_ok(const char *name)
{
	return chos_name_chars_ok(name) && isalnum(*name);
}

/*
 * Is @path absolute, without ".", ".." and empty components, and without spaces,
 * control characters and ':'?  Context: any.
 */
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

/* May sleep.  Returns 0, -EINVAL, -E2BIG or -ENOMEM. */
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
		/* kstrtouint() alone would accept a leading '+'. */
		if (!isdigit(gid[0]) || kstrtouint(gid, 10, &number))
			return -EINVAL;
		kgid = make_kgid(&init_user_ns, number);
		if (!gid_valid(kgid))
			return -EINVAL;
		rule->groups[rule->ngroups++] = kgid;
	}
	return 0;
}

/* Sets @flag; fails if it is already set. */
static int set_once(bool *flag)
{
	if (*flag)
		return -EINVAL;
	*flag = true;
	return 0;
}

/* May sleep.  Returns 0, -EINVAL, -E2BIG or -ENOMEM. */
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
 * @line: the line, NUL-terminated, without its newline; is modified
 * @rule: the result; the caller must free @rule->groups, also after an error
 * @expected: set to a description of the valid syntax with -EINVAL
 *
 * Context: may sleep.
 * Return: 1 if the line has an entry; 0 if it has none (an empty line, a comment or
 * %SHELLS); -EINVAL, -E2BIG or -ENOMEM.
 */
int chos_parse_rule(char *line, struct chos_rule *rule, const char **expected)
{
	char *option;
	int err;

	memset(rule, 0, sizeof(*rule));
	if (!*line || *line == '#' || !strcmp(line, "%SHELLS"))
		return 0;
	rule->name = strsep(&line, ":");
	*expected = "a name of letters, digits and ._+-, followed by ':'";
	if (!line || !chos_os_name_ok(rule->name))
		return -EINVAL;
	rule->path = strsep(&line, ":");
	*expected = "an absolute path without . or .. and without a trailing slash";
	if (!chos_path_ok(rule->path))
		return -EINVAL;
	*expected = "the options closed, suid or nosuid, groups=GID|GID, persona=linux32, each at most once";
	while (line && (option = strsep(&line, ","))) {
		err = parse_option(option, rule);
		if (err)
			return err;
	}
	if (rule->suid && rule->nosuid)
		return -EINVAL;
	return 1;
}
