/* What C programs have and a spec has no type for; each struct keeps its bytes as a spec. */
#include <stdint.h>

typedef struct {
    int32_t x, y;
} point_t;

typedef enum { SHAPE_DOT, SHAPE_LINE, SHAPE_LINE_DASHED = 7 } shape_t;

struct off {
    unsigned int low : 5, high : 11;
    unsigned int alone : 3;
    uint8_t on;
    uint64_t no;
};

#pragma pack(push, 1)
struct packed {
    uint8_t kind;
    double value;
    point_t at;
    char text[3];
};
#pragma pack(pop)

struct everything {
    shape_t shape;
    point_t corners[4];
    union {
        float real;
        uint64_t raw;
    } either;
    struct {
        int16_t inner;
    };
    double matrix[3][2];
    char names[4][8];
    struct packed packed;
    const struct everything *next;
    struct off off;
    uint8_t byte_of[256];
    void (*callback)(int);
};
