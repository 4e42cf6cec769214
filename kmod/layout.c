// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The farm's top-level names and /proc/chos/layout.  The names are the module's:
 * they outlive the superblock, which goes at the last umount, and a new
 * superblock shows them again.  Names are only ever added.
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
 * struct farm_name - one top-level name of the farm
 * @name: its name
 * @link: a link into the reader's OS; else a directory to mount on
 */
struct farm_name {
	char name[CHOS_NAME_MAX + 1];
	bool link;
};

/* Filled from the front; an element is immutable once it is counted. */
static struct farm_name *chos_names[CHOS_LAYOUT_MAX];
static unsigned int chos_name_count;
/* Writers of the two above; outside chos_os_lock, inside the farm's inode lock. */
static DEFINE_MUTEX(chos_layout_lock);

static bool farm_name_ok(const char *name)
{
	return chos_word_ok(name) && strcmp(name, ".") && strcmp(name, "..");
}

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
 * Appends the names of @text behind the @count that are there, without counting them.
 * chos_layout_lock held; may sleep.  Returns the new number or an errno.
 */
static int parse(char *text, unsigned int count)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const struct farm_name *there;
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
		there = name_find(line, count);
		if (there && there->link != link)
			return -EEXIST;
		if (there)
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
 * Shows the names from @first up to @end in @farm, or none of them.
 * The farm's inode lock is held, or nobody sees the superblock yet; may sleep.
 */
static int show_names(struct dentry *farm, unsigned int first, unsigned int end)
{
	struct {
		struct dentry *dentry;
		struct inode *inode;
	} *fresh;
	unsigned int i, n = end - first;
	int err = 0;

	fresh = kcalloc(n, sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		fresh[i].dentry = d_alloc_name(farm, chos_names[first + i]->name);
		fresh[i].inode = name_inode(farm->d_sb, first + i);
		if (!fresh[i].dentry || !fresh[i].inode)
			err = -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		if (!err) {
			if (S_ISDIR(fresh[i].inode->i_mode))
				inc_nlink(d_inode(farm));
			chos_d_publish(fresh[i].dentry, fresh[i].inode);
			continue;
		}
		dput(fresh[i].dentry);
		iput(fresh[i].inode);
	}
	kfree(fresh);
	return err;
}

/* Context: may sleep; takes the farm's inode lock and chos_layout_lock. */
static int layout_add(struct dentry *farm, char *text)
{
	const char *links[CHOS_LAYOUT_MAX] = { };
	unsigned int i, first;
	int end, err;

	inode_lock(d_inode(farm));
	mutex_lock(&chos_layout_lock);
	first = chos_name_count;
	end = parse(text, first);
	err = end < 0 ? end : 0;
	if (end > (int)first) {
		for (i = first; i < end; i++)
			links[i - first] = chos_names[i]->link ?
					   chos_names[i]->name : NULL;
		err = chos_os_add_links(first, end - first, links);
		if (!err) {
			err = show_names(farm, first, end);
			if (err)
				chos_os_drop_links(first, end - first);
		}
		if (!err)
			WRITE_ONCE(chos_name_count, end);
	}
	/* What was parsed and not counted goes again. */
	for (i = chos_name_count; i < CHOS_LAYOUT_MAX; i++) {
		kfree(chos_names[i]);
		chos_names[i] = NULL;
	}
	mutex_unlock(&chos_layout_lock);
	inode_unlock(d_inode(farm));
	return err;
}

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
 * chos_layout_fill - show the names that are known in a new superblock
 * @farm: its farm, which nobody sees yet
 *
 * Context: may sleep; takes chos_layout_lock.  Return: 0 or -ENOMEM.
 */
int chos_layout_fill(struct dentry *farm)
{
	int err = 0;

	mutex_lock(&chos_layout_lock);
	if (chos_name_count)
		err = show_names(farm, 0, chos_name_count);
	mutex_unlock(&chos_layout_lock);
	return err;
}

/* Module exit, after the last superblock and the last reader. */
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
