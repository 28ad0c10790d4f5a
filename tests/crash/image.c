/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders' contents. Knows nothing of the store. */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/crash/image.h"
#include "tests/crash/must.h"

void image_done(struct image *image)
{
    for (size_t i = 0; i < image->count; i++)
        if (!image->files[i].borrowed)
            free(image->files[i].data);
    image->count = 0;
}

/* As in wyhash: a product of 128 bits, folded. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t image_mix(uint64_t seed, const void *data, size_t bytes)
{
    static const uint64_t odd[2] = {UINT64_C(0xa0761d6478bd642f), UINT64_C(0xe7037ed1a0b428db)};
    const unsigned char *at = data;
    uint64_t sum = seed ^ odd[0], words[2];

    for (size_t left = bytes; left > 0; left -= sizeof(words), at += sizeof(words)) {
        memset(words, 0, sizeof(words));
        memcpy(words, at, left < sizeof(words) ? left : sizeof(words));
        sum = fold(words[0] ^ odd[1], words[1] ^ sum);
        if (left < sizeof(words))
            break;
    }
    sum = fold(sum ^ bytes, odd[1]);
    return sum ? sum : 1;
}

uint64_t image_hash(const struct image *image)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < image->count; i++) {
        const struct image_file *file = &image->files[i];
        uint64_t mixed = file->mixed ? file->mixed : image_mix(0, file->data, file->bytes);
        sum += image_mix(mixed, file->name, strlen(file->name));
    }
    return sum;
}

struct image_file *image_find(struct image *image, const char *name)
{
    for (size_t i = 0; i < image->count; i++)
        if (strcmp(image->files[i].name, name) == 0)
            return &image->files[i];
    return NULL;
}

static void read_file(int folder_fd, const char *name, struct image *image)
{
    struct stat status;

    must(image->count < IMAGE_FILES_MAX, "a folder with too many files");
    struct image_file *file = &image->files[image->count++];
    CLEANUP(closep) int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && fstat(fd, &status) == 0, name);
    *file = (struct image_file){.bytes = (size_t)status.st_size};
    must(strlen(name) < sizeof(file->name), name);
    memcpy(file->name, name, strlen(name) + 1);
    file->data = must_allocate(file->bytes);
    must(pread(fd, file->data, file->bytes, 0) == status.st_size, name);
}

void image_read(const char *folder, struct image *ret)
{
    const struct dirent *entry;

    ret->count = 0;
    DIR *directory = opendir(folder);
    must(directory != NULL, folder);
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            read_file(dirfd(directory), entry->d_name, ret);
    (void)closedir(directory); /* it was only read */
}

void image_write(const struct image *image, const char *folder)
{
    image_clear(folder);
    CLEANUP(closep) int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(folder_fd >= 0, folder);
    for (size_t i = 0; i < image->count; i++) {
        const struct image_file *file = &image->files[i];
        CLEANUP(closep)
        int fd = openat(folder_fd, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        must(fd >= 0, file->name);
        must(pwrite(fd, file->data, file->bytes, 0) == (ssize_t)file->bytes, file->name);
    }
}

void image_clear(const char *folder)
{
    const struct dirent *entry;

    DIR *directory = opendir(folder);
    must(directory != NULL, folder);
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            must(unlinkat(dirfd(directory), entry->d_name, 0) == 0, entry->d_name);
    (void)closedir(directory); /* its entries are gone */
}

void image_remove(const char *folder)
{
    image_clear(folder);
    must(rmdir(folder) == 0, folder);
}

void image_make_folder(char *ret, size_t size)
{
    const char *temporary = getenv("TMPDIR");

    if (access("/dev/shm", W_OK) == 0)
        temporary = "/dev/shm";
    (void)snprintf(ret, size, "%s/crash.XXXXXX", temporary ? temporary : "/tmp");
    must(mkdtemp(ret) != NULL, ret);
}

void image_copy(const struct image *image, struct image *ret)
{
    *ret = *image;
    for (size_t i = 0; i < image->count; i++) {
        ret->files[i].data = must_copy(image->files[i].data, image->files[i].bytes);
        ret->files[i].borrowed = false;
    }
}
