#pragma once
// The same structs as a C++ program has them: other cases, a base class, padding with a name.
#include <cstdint>

namespace racing {

enum class Compound : std::int32_t { kSoft, kHard };

struct Wheel {
    double mSpeedRad;
    double mLoad;
    float mGrip;
    Compound mCompound;
    float mTemperature[3];
    bool mFlat;
    unsigned char mReserved[3];
};

struct Numbered {
    std::uint32_t number;
};

struct Car : Numbered {
    static constexpr int kWheels = 4;
    std::int16_t lap;
    char driver[14];
    // An alignment gap of four bytes is here.
    Wheel wheels[kWheels];
};

}  // namespace racing
