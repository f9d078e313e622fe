/* Runs a fuzz target over files, without libFuzzer:  fuzz_NAME FILE|FOLDER...
 * So what was once found stays found, in every build. An input that takes long is named: slowness is a finding too. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOW_SECONDS 10.0
static size_t inputs, slow;

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    /* Exactly as large as the input, so that a sanitizer sees one byte too many. */
    struct stat about;
    uint8_t *data = NULL;
    size_t size = fstat(fileno(file), &about) == 0 ? (size_t)about.st_size : 0;
    data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    clock_t began = clock();
    LLVMFuzzerTestOneInput(data, size);
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    if (seconds > SLOW_SECONDS) {
        fprintf(stderr, "%s: %.1f s\n", path, seconds);
        slow++;
    }
    free(data);
    inputs++;
    return 0;
}

static int run(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(about.st_mode))
        return run_file(path);
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort), wrong = 0;
    for (int i = 0; i < count; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            wrong |= run(inner);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return wrong;
}

int main(int argc, char **argv)
{
    int wrong = 0;
    for (int i = 1; i < argc; i++)
        wrong |= run(argv[i]);
    printf("%zu inputs\n", inputs);
    return wrong || slow || inputs == 0;
}
