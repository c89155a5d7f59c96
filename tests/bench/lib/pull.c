// PageRank by pulling, as GAP's benchmark suite does it (gapbs, pr.cc): contributions of 32-bit floats, gathered along incoming edges in CSR. And how quick this
// machine's memory is. FILE NODES RUNS: FILE holds pairs of u32, from and to, those of one `to` together. Prints a JSON object a line: name, unit, values.

#define _POSIX_C_SOURCE 199309L
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 12, COPIED = 1 << 25 };
static const float DAMPING = 0.85f;

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void *room(size_t count, size_t size) {
    void *place = calloc(count, size);
    if (place == NULL) {
        fprintf(stderr, "no memory for %zu times %zu bytes\n", count, size);
        exit(1);
    }
    return place;
}

static void say(const char *name, int threads, const char *unit, const double *values, int count) {
    printf("{\"name\":\"%s.threads-%d\",\"unit\":\"%s\",\"values\":[", name, threads, unit);
    for (int at = 0; at < count; at++) printf("%s%.9g", at ? "," : "", values[at]);
    printf("]}\n");
}

// Bytes that a copy reads and writes a second: more than any cache holds.
static void bandwidth(int threads, int runs) {
    double *from = room(COPIED, sizeof *from), *to = room(COPIED, sizeof *to), *values = room((size_t)runs, sizeof *values);
    // The first run also brings the pages.
    for (int run = -1; run < runs; run++) {
        double begun = now_s();
#pragma omp parallel for num_threads(threads) schedule(static)
        for (size_t at = 0; at < COPIED; at++) to[at] = from[at] + 1.0;
        if (run >= 0) values[run] = 2.0 * sizeof *to * COPIED / (now_s() - begun);
        double *other = from;
        from = to;
        to = other;
    }
    say("memory.bytes_per_s", threads, "B/s", values, runs);
    free(from), free(to), free(values);
}

int main(int count, char **args) {
    if (count != 4) {
        fprintf(stderr, "FILE NODES RUNS\n");
        return 2;
    }
    uint32_t nodes = (uint32_t)strtoul(args[2], NULL, 10);
    int runs = atoi(args[3]);
    FILE *file = fopen(args[1], "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(args[1]);
        return 1;
    }
    size_t edges = (size_t)ftell(file) / 8;
    rewind(file);
    uint32_t *sources = room(edges + 1, 4), *degrees = room(nodes, 4), *starts = room((size_t)nodes + 1, 4);
    uint32_t *pairs = room(2 * edges + 1, 4);
    if (fread(pairs, 8, edges, file) != edges) {
        perror(args[1]);
        return 1;
    }
    fclose(file);
    for (size_t edge = 0; edge < edges; edge++) degrees[pairs[2 * edge]]++, starts[pairs[2 * edge + 1]]++;
    uint32_t sum = 0;
    for (uint32_t node = 0; node <= nodes; node++) {
        uint32_t own = node < nodes ? starts[node] : 0;
        starts[node] = sum;
        sum += own;
    }
    uint32_t *next = room(nodes, 4);
    for (size_t edge = 0; edge < edges; edge++) {
        uint32_t to = pairs[2 * edge + 1];
        sources[starts[to] + next[to]++] = pairs[2 * edge];
    }
    free(pairs), free(next);
    float *scores = room(nodes, 4), *contributions = room(nodes, 4);
    double *values = room((size_t)(runs * ROUNDS), sizeof *values);
    for (int threads = 1; threads <= 2; threads++) {
        for (uint32_t node = 0; node < nodes; node++) scores[node] = 1.0f / (float)nodes;
        for (int round = 0; round < runs * ROUNDS; round++) {
            double begun = now_s();
#pragma omp parallel for num_threads(threads) schedule(static)
            for (uint32_t node = 0; node < nodes; node++) contributions[node] = degrees[node] ? scores[node] / (float)degrees[node] : 0.0f;
            // As the suite has it, and the change of the scores, which says when to stop.
            double change = 0.0;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 16384) reduction(+ : change)
            for (uint32_t node = 0; node < nodes; node++) {
                float incoming = 0.0f;
                for (uint32_t at = starts[node]; at < starts[node + 1]; at++) incoming += contributions[sources[at]];
                float score = (1.0f - DAMPING) / (float)nodes + DAMPING * incoming;
                change += score > scores[node] ? score - scores[node] : scores[node] - score;
                scores[node] = score;
            }
            values[round] = (double)edges / (now_s() - begun);
            if (change < 0.0) return 1;
        }
        say("pull.round.edges_per_s", threads, "edges/s", values, runs * ROUNDS);
    }
    free(scores), free(contributions), free(sources), free(starts), free(degrees), free(values);
    for (int threads = 1; threads <= 2; threads++) bandwidth(threads, runs);
    return 0;
}
