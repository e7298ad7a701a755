/* SPDX-License-Identifier: MIT */
/* system_file.c - see system_file.h. */
#include "inspect/system_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool inspect_path(char to[INSPECT_PATH], const char *root, const char *format, ...)
{
    va_list arguments;
    int head = snprintf(to, INSPECT_PATH, "%s/", root);
    if (head < 0 || (size_t)head >= INSPECT_PATH)
        return false;
    va_start(arguments, format);
    int tail = vsnprintf(to + head, INSPECT_PATH - (size_t)head, format, arguments);
    va_end(arguments);
    return tail >= 0 && (size_t)head + (size_t)tail < INSPECT_PATH;
}

static int reason(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP: /* a link that leads to itself leads nowhere */
    case ENXIO:
        return -ENOENT;
    case EACCES:
    case EPERM:
        return -EACCES;
    default:
        return -EIO;
    }
}

int inspect_file_open(const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return reason(errno);
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode))
        return fd;
    close(fd);
    return -EINVAL;
}

int inspect_file_read(const char *path, void *to, size_t size, size_t *length)
{
    char *at = to;
    char more;
    ssize_t got = 0;
    int fd = inspect_file_open(path);
    *length = 0;
    if (fd < 0)
        return fd;
    while (*length < size && (got = read(fd, at + *length, size - *length)) > 0)
        *length += (size_t)got;
    int result = got < 0 ? -EIO : *length == size && read(fd, &more, 1) == 1 ? -EFBIG : 0;
    close(fd);
    return result;
}

void inspect_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

bool inspect_file_line(const char *path, char *text, size_t size)
{
    size_t length;
    int result = inspect_file_read(path, text, size - 1, &length);
    text[length] = '\0';
    if (result != 0 && result != -EFBIG)
        return false;
    text[strcspn(text, "\n")] = '\0';
    for (length = strlen(text); length > 0 && isspace((unsigned char)text[length - 1]); length--)
        text[length - 1] = '\0';
    inspect_printable(text);
    return true;
}

bool inspect_file_number(const char *path, int base, uint64_t *value)
{
    char text[64], *end;
    if (!inspect_file_line(path, text, sizeof text) || !isxdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, base);
    if (errno != 0 || *end != '\0')
        return false;
    *value = number;
    return true;
}

bool inspect_file_link(const char *path, char *name, size_t size)
{
    char target[INSPECT_PATH];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0)
        return false;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    const char *last = slash != NULL ? slash + 1 : target;
    if (last[0] == '\0' || (size_t)snprintf(name, size, "%s", last) >= size)
        return false;
    inspect_printable(name);
    return true;
}

bool inspect_file_exists(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}

/* Numbers in names by their value: "dmar2" before "dmar10"; hexadecimal addresses have equal widths anyway. */
static int by_name(const void *a, const void *b)
{
    return strverscmp(a, b);
}

static int append(struct inspect_listing *listing, unsigned *room, const char *name)
{
    if (listing->count == *room) {
        unsigned larger = *room * 2 + 16;
        void *moved = realloc(listing->name, (size_t)larger * INSPECT_ENTRY);
        if (moved == NULL)
            return -ENOMEM;
        listing->name = moved;
        *room = larger;
    }
    snprintf(listing->name[listing->count++], INSPECT_ENTRY, "%s", name);
    return 0;
}

int inspect_list(const char *path, unsigned max, struct inspect_listing *listing)
{
    unsigned room = 0;
    int result = 0;
    *listing = (struct inspect_listing){0};
    DIR *directory = opendir(path);
    if (directory == NULL)
        return reason(errno);
    for (struct dirent *entry; result == 0 && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= INSPECT_ENTRY)
            continue;
        listing->cut = listing->count == max;
        if (listing->cut)
            break;
        result = append(listing, &room, entry->d_name);
    }
    closedir(directory);
    if (result != 0)
        inspect_listing_free(listing);
    else if (listing->count > 0)
        qsort(listing->name, listing->count, INSPECT_ENTRY, by_name);
    return result;
}

void inspect_listing_free(struct inspect_listing *listing)
{
    free(listing->name);
    *listing = (struct inspect_listing){0};
}
