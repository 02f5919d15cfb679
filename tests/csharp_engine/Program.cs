// Tests of the C# engine from inside: a list of named tests, and children that a test may kill.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using BitRPC.SharedMemory;

namespace EngineTests
{
    /// <summary>What a test expected and did not find.</summary>
    internal sealed class Failure : Exception
    {
        internal Failure(string message)
            : base(message)
        {
        }
    }

    internal static class Program
    {
        private static int _serial;

        internal static int Main(string[] words)
        {
            if (words.Length == 3 && words[0] == "hold")
            {
                return Hold(words[1], words[2]);
            }

            int failed = 0;
            foreach (KeyValuePair<string, Action> test in All())
            {
                if (words.Length > 0 && !test.Key.Contains(words[0]))
                {
                    continue;
                }

                var time = Stopwatch.StartNew();
                string verdict = "ok";
                try
                {
                    test.Value();
                }
                catch (Exception error)
                {
                    failed++;
                    verdict = "FAILED: " + error;
                }

                Console.WriteLine("{0} ({1} ms) {2}", test.Key, time.ElapsedMilliseconds, verdict);
            }

            Console.WriteLine(failed + " failed");
            return failed == 0 ? 0 : 1;
        }

        /// <summary>A name that no other test has.</summary>
        internal static string NewName() => "engine" + ++_serial;

        internal static SharedMemoryOptions Sized(long capacity) =>
            new SharedMemoryOptions { Capacity = capacity };

        internal static void That(bool holds, string what)
        {
            if (!holds)
            {
                throw new Failure(what);
            }
        }

        internal static void Is<T>(T expected, T found, string what) =>
            That(Equals(expected, found), what + ": expected " + expected + ", found " + found);

        /// <summary>The code with which an action fails.</summary>
        internal static SharedMemoryException Refused(ErrorCode expected, Action action)
        {
            try
            {
                action();
            }
            catch (SharedMemoryException error)
            {
                Is(expected, error.Code, error.Message);
                return error;
            }

            throw new Failure("expected " + expected + ", nothing failed");
        }

        internal static void Throws<T>(Action action, string what)
            where T : Exception
        {
            try
            {
                action();
            }
            catch (T)
            {
                return;
            }

            throw new Failure(what + " did not throw " + typeof(T).Name);
        }

        /// <summary>Runs something on a thread of its own, and throws what it throws.</summary>
        internal static void OnThread(Action action, int stackBytes = 0)
        {
            Exception failure = null;
            var thread = new Thread(
                () =>
                {
                    try
                    {
                        action();
                    }
                    catch (Exception error)
                    {
                        failure = error;
                    }
                },
                stackBytes);
            thread.Start();
            thread.Join();
            if (failure != null)
            {
                throw new Failure(failure.ToString());
            }
        }

        /// <summary>A producer and a consumer on a new ring.</summary>
        internal static void Both(
            SharedMemoryOptions options, Action<SharedMemoryProducer, SharedMemoryConsumer> test)
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, options))
            using (var consumer = new SharedMemoryConsumer(name, options))
            {
                test(producer, consumer);
            }
        }

        internal static void Both(
            long capacity, Action<SharedMemoryProducer, SharedMemoryConsumer> test) =>
            Both(Sized(capacity), test);

#if NETCOREAPP3_0_OR_GREATER
        /// <summary>What an asynchronous call returns, as a task on every runtime.</summary>
        internal static Task<T> Begun<T>(ValueTask<T> task) => task.AsTask();
#endif

        internal static Task<T> Begun<T>(Task<T> task) => task;

        /// <summary>Waits for what another thread or process brings about.</summary>
        internal static void Eventually(Func<bool> holds, string what)
        {
            var time = Stopwatch.StartNew();
            while (!holds())
            {
                That(time.Elapsed.TotalSeconds < 60, what + " did not come about");
                Thread.Sleep(1);
            }
        }

        /// <summary>Overwrites eight bytes of a ring's file behind everyone's back.</summary>
        internal static void Poke(string path, long at, ulong value, int width = 8)
        {
            using (var file = new FileStream(
                path,
                FileMode.Open,
                FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete,
                bufferSize: 1))
            {
                file.Position = at;
                file.Write(BitConverter.GetBytes(value), 0, width);
            }
        }

        /// <summary>Reads eight bytes of a ring's file.</summary>
        internal static ulong Look(string path, long at)
        {
            using (var file = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
            {
                var bytes = new byte[8];
                file.Position = at;
                That(file.Read(bytes, 0, bytes.Length) == bytes.Length, "the file is too short");
                return BitConverter.ToUInt64(bytes, 0);
            }
        }

        /// <summary>Starts a process that takes a role and keeps it until it is killed.</summary>
        internal static Process StartHolder(string role, string name)
        {
            string program = Process.GetCurrentProcess().MainModule.FileName;
            string library = Assembly.GetEntryAssembly().Location;
            string arguments = "\"" + library + "\" hold " + role + " " + name;
            var start = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardInput = true,
                UseShellExecute = false,
            };
            Process child = Process.Start(start);
            Is("ready", child.StandardOutput.ReadLine(), "the child");
            return child;
        }

        private static int Hold(string role, string name)
        {
            using (role == "producer"
                ? (IDisposable)new SharedMemoryProducer(name)
                : new SharedMemoryConsumer(name))
            {
                Console.WriteLine("ready");
                return Console.In.Read();
            }
        }

        private static IEnumerable<KeyValuePair<string, Action>> All()
        {
            var tests = new List<KeyValuePair<string, Action>>();
            Action<string, Action> add = (name, run) =>
                tests.Add(new KeyValuePair<string, Action>(name, run));
            MessageTests.AddTo(add);
            ValueTests.AddTo(add);
            SkipTests.AddTo(add);
            EndTests.AddTo(add);
            FileTests.AddTo(add);
            RemovalTests.AddTo(add);
            BrokenTests.AddTo(add);
            WaitTests.AddTo(add);
            DistanceTests.AddTo(add);
            TimeTests.AddTo(add);
            AsyncTests.AddTo(add);
            ManagerTests.AddTo(add);
            MemoryTests.AddTo(add);
            return tests;
        }
    }
}
