using System.Runtime.InteropServices;

namespace Racing
{
    public enum Compound { Soft, Hard }

    [StructLayout(LayoutKind.Sequential)]
    public struct Wheel
    {
        public double SpeedRad;
        public double Load;
        public float Grip;
        public Compound Compound;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 3)]
        public float[] Temperature;
        [MarshalAs(UnmanagedType.U1)]
        public bool Flat;
    }

    // Packed, so its wheels begin four bytes early.
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct Car
    {
        public uint Number;
        public short Lap;
        [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 14)]
        public string Driver;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 4)]
        public Wheel[] Wheels;
    }
}
