// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The top-level names in the farm, and /proc/chos/layout, which adds and lists them.
 * The names belong to the module, not to the superblock.  The last umount destroys
 * the superblock, and the next one gets the same names.  Names are never removed
 * before unload.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "chos.h"
#include "compat.h"

/**
 * struct farm_name - one top-level name in the farm
 * @name: the name
 * @link: true for a link into the reader's OS, false for a directory to mount on
 */
struct farm_name {
	char name[CHOS_NAME_MAX + 1];
	bool link;
};

/*
 * The first chos_name_count elements are in use and immutable.  chos_layout_lock
 * protects both variables.
 */
static struct farm_name *chos_names[CHOS_LAYOUT_MAX];
static unsigned int chos_name_count;
/* Nests inside the farm's inode lock and outside chos_os_lock. */
static DEFINE_MUTEX(chos_layout_lock);

static bool farm_name_ok(const char *name)
{
	return chos_name_chars_ok(name) && strcmp(name, ".") && strcmp(name, "..");
}

/* Finds @name among the first @count names.  chos_layout_lock held. */
static const struct farm_name *name_find(const char *name, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!strcmp(chos_names[i]->name, name))
			return chos_names[i];
	}
	return NULL;
}

/*
 * Parses @text and stores its new names after the first @count names.  The caller
 * updates chos_name_count, or frees the new names after an error.
 * chos_layout_lock held; may sleep.  Returns the new number of names or an errno.
 */
static int parse_names(char *text, unsigned int count)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const struct farm_name *existing;
		struct farm_name *name;
		bool link;

		if (!*line)
			continue;
		link = !strncmp(line, "link ", 5);
		if (!link && strncmp(line, "dir ", 4))
			return -EINVAL;
		line += link ? 5 : 4;
		if (!farm_name_ok(line))
			return -EINVAL;
		existing = name_find(line, count);
		if (existing && existing->link != link)
			return -EEXIST;
		if (existing)
			continue;
		if (count == CHOS_LAYOUT_MAX)
			return -E2BIG;
		name = kzalloc(sizeof(*name), GFP_KERNEL);
		if (!name)
			return -ENOMEM;
		strscpy(name->name, line, sizeof(name->name));
		name->link = link;
		chos_names[count++] = name;
	}
	return count;
}

/* The inode for the name at @index.  chos_layout_lock held; may sleep.  NULL: no memory. */
static struct inode *name_inode(struct super_block *sb, unsigned int index)
{
	struct inode *inode;

	inode = chos_inode(sb, chos_names[index]->link ? S_IFLNK | 0777 :
							 S_IFDIR | 0755);
	if (!inode)
		return NULL;
	if (chos_names[index]->link) {
		inode->i_op = &chos_farm_link_iops;
		inode->i_private = (void *)(unsigned long)index;
	}
	return inode;
}

/*
 * Makes the names from @first to before @end visible in @farm: all of them or, after
 * an error, none.
 * chos_layout_lock held; may sleep.  The farm's inode lock is held too, unless the
 * superblock is not visible yet.  Returns 0 or -ENOMEM.
 */
static int publish_names(struct dentry *farm, unsigned int first, unsigned int end)
{
	struct {
		struct dentry *dentry;
		struct inode *inode;
	} *entry;
	unsigned int i, n = end - first;
	int err = 0;

	entry = kcalloc(n, sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		entry[i].dentry = d_alloc_name(farm, chos_names[first + i]->name);
		entry[i].inode = name_inode(farm->d_sb, first + i);
		if (!entry[i].dentry || !entry[i].inode)
			err = -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		if (!err) {
			if (S_ISDIR(entry[i].inode->i_mode))
				inc_nlink(d_inode(farm));
			chos_d_publish(entry[i].dentry, entry[i].inode);
			continue;
		}
		dput(entry[i].dentry);
		iput(entry[i].inode);
	}
	kfree(entry);
	return err;
}

/*
 * Adds the names in @text to the layout and to @farm: all of them or, after an error,
 * none.  May sleep; takes the farm's inode lock and chos_layout_lock.
 */
static int layout_add(struct dentry *farm, char *text)
{
	const char *links[CHOS_LAYOUT_MAX] = { };
	unsigned int i, first;
	int end, err;

	inode_lock(d_inode(farm));
	mutex_lock(&chos_layout_lock);
	first = chos_name_count;
	end = parse_names(text, first);
	err = end < 0 ? end : 0;
	if (end > (int)first) {
		for (i = first; i < end; i++)
			links[i - first] = chos_names[i]->link ?
					   chos_names[i]->name : NULL;
		err = chos_os_add_links(first, end - first, links);
		if (!err) {
			err = publish_names(farm, first, end);
			if (err)
				chos_os_drop_links(first, end - first);
		}
		if (!err)
			WRITE_ONCE(chos_name_count, end);
	}
	/* After an error, names that were parsed but not added are left to free. */
	for (i = chos_name_count; i < CHOS_LAYOUT_MAX; i++) {
		kfree(chos_names[i]);
		chos_names[i] = NULL;
	}
	mutex_unlock(&chos_layout_lock);
	inode_unlock(d_inode(farm));
	return err;
}

/* May sleep. */
static ssize_t layout_write(struct file *file, const char __user *buf,
			    size_t len, loff_t *pos)
{
	char *text = chos_configure_text(file, buf, len, *pos, CHOS_LAYOUT_MAX_BYTES);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = layout_add(file_inode(file)->i_sb->s_fs_info, text);
	kvfree(text);
	return err ?: len;
}

/* May sleep; takes chos_layout_lock. */
static int layout_show(struct seq_file *m, void *v)
{
	unsigned int i;

	mutex_lock(&chos_layout_lock);
	for (i = 0; i < chos_name_count; i++)
		seq_printf(m, "%s %s\n", chos_names[i]->link ? "link" : "dir",
			   chos_names[i]->name);
	mutex_unlock(&chos_layout_lock);
	return 0;
}

static int layout_open(struct inode *inode, struct file *file)
{
	return single_open(file, layout_show, NULL);
}

/**
 * chos_layout_fill - add the names in the layout to the farm of a new superblock
 * @farm: the farm, which is not visible yet
 *
 * Context: may sleep; takes chos_layout_lock.  Return: 0 or -ENOMEM.
 */
int chos_layout_fill(struct dentry *farm)
{
	int err = 0;

	mutex_lock(&chos_layout_lock);
	if (chos_name_count)
		err = publish_names(farm, 0, chos_name_count);
	mutex_unlock(&chos_layout_lock);
	return err;
}

/* Called at module exit, when no superblock and no reader is left. */
void chos_layout_exit(void)
{
	unsigned int i;

	for (i = 0; i < chos_name_count; i++)
		kfree(chos_names[i]);
}

const struct file_operations chos_layout_fops = {
	.owner = THIS_MODULE,
	.open = layout_open,
	.read = seq_read,
	.write = layout_write,
	.llseek = seq_lseek,
	.release = single_release,
};
