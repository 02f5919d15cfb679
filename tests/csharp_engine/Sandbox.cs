// A thread to which the kernel refuses system calls, as sandboxes and odd file systems do.
using System;
using System.Runtime.InteropServices;
using static EngineTests.Program;

namespace EngineTests
{
    /// <summary>A system call that fails, and how.</summary>
    internal struct Denied
    {
        internal uint Call;
        internal uint Error;

        /// <summary>The argument that has to be <see cref="Value"/>; -1 for any.</summary>
        internal int Argument;
        internal uint Value;
    }

    internal static unsafe class Sandbox
    {
        internal const uint OpenAt = 257;
        internal const uint Fallocate = 285;
        internal const uint RenameAt2 = 316;
        internal const uint Link = 86;
        internal const uint Membarrier = 324;
        internal const uint FutexWaitV = 449;

        internal const uint NotPermitted = 1;
        internal const uint OutOfMemory = 12;
        internal const uint NoAccess = 13;
        internal const uint NoSpace = 28;
        internal const uint NotImplemented = 38;

        /// <summary>Whether the numbers above are those of this machine.</summary>
        internal static bool IsKnown =>
            RuntimeInformation.IsOSPlatform(OSPlatform.Linux)
                && RuntimeInformation.ProcessArchitecture == Architecture.X64;

        /// <summary>Runs an action on a thread to which some calls are denied.</summary>
        internal static void Run(Action action, params Denied[] denied)
        {
            OnThread(() =>
            {
                Deny(denied);
                action();
            });
        }

        internal static Denied Deny(uint call, uint error) =>
            new Denied { Call = call, Error = error, Argument = -1 };

        internal static Denied Deny(uint call, uint error, int argument, uint value) =>
            new Denied { Call = call, Error = error, Argument = argument, Value = value };

        /// <summary>Makes the page here one that nobody may touch, if it is free.</summary>
        internal static bool Guard(byte* page)
        {
            const int FixedIfFree = 0x100000;
            return Map(page, 4096, FixedIfFree) == page;
        }

        /// <summary>
        /// Memory that nobody may touch, where the next mapping would have been; the one after it
        /// comes to lie in front of it.
        /// </summary>
        internal static byte* Fill(ulong length) => Map(null, length, 0);

        private static byte* Map(byte* at, ulong length, int how)
        {
            const int PrivateMemory = 0x22;
            return mmap(at, (UIntPtr)length, 0, PrivateMemory | how, -1, IntPtr.Zero);
        }

        [DllImport("libc")]
        private static extern byte* mmap(
            byte* at, UIntPtr length, int access, int kind, int file, IntPtr offset);

        /// <summary>Denies calls to this thread, and to those that it starts, for good.</summary>
        private static void Deny(Denied[] denied)
        {
            const ushort Load = 0x20;
            const ushort JumpIfEqual = 0x15;
            const ushort Return = 0x06;
            const uint Fail = 0x00050000;
            const uint Allow = 0x7FFF0000;
            const int NoNewPrivileges = 38;
            const int SetSeccomp = 22;
            const uint FirstArgument = 16;
            var code = stackalloc Instruction[1 + (5 * denied.Length)];
            int at = 0;
            foreach (Denied one in denied)
            {
                // Jumps count the instructions that they leave out.
                code[at++] = new Instruction { Code = Load, Value = 0 };
                byte rest = (byte)(one.Argument < 0 ? 1 : 3);
                code[at++] = new Instruction { Code = JumpIfEqual, Else = rest, Value = one.Call };
                if (one.Argument >= 0)
                {
                    uint place = FirstArgument + (8 * (uint)one.Argument);
                    code[at++] = new Instruction { Code = Load, Value = place };
                    code[at++] = new Instruction
                    {
                        Code = JumpIfEqual,
                        Else = 1,
                        Value = one.Value,
                    };
                }

                code[at++] = new Instruction { Code = Return, Value = Fail | one.Error };
            }

            code[at++] = new Instruction { Code = Return, Value = Allow };
            var filter = new Filter { Length = (ushort)at, Code = code };
            That(prctl(NoNewPrivileges, 1, IntPtr.Zero, 0, 0) == 0, "no new privileges");
            That(prctl(SetSeccomp, 2, (IntPtr)(&filter), 0, 0) == 0, "the filter");
        }

        [DllImport("libc")]
        private static extern int prctl(int option, ulong a, IntPtr b, ulong c, ulong d);

        [StructLayout(LayoutKind.Sequential)]
        private struct Instruction
        {
            internal ushort Code;
            internal byte Then;
            internal byte Else;
            internal uint Value;
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct Filter
        {
            internal ushort Length;
            internal Instruction* Code;
        }
    }
}
