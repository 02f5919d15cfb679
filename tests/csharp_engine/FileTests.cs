// Files: what is checked when one is opened, and how one is made.
using System;
using System.IO;
using System.Threading;
using BitRPC.SharedMemory;
using static EngineTests.Program;

namespace EngineTests
{
    internal static class FileTests
    {
        internal static void AddTo(Action<string, Action> add)
        {
            add("identities_are_checked", Identities);
            add("another_schema_of_the_same_version_is_refused", Schemas);
            add("leftovers_of_a_dead_creator_are_removed_at_once", Leftovers);
            add("a_swept_temporary_file_makes_the_creator_start_over", Swept);
            add("a_folder_without_renameat2_gets_its_ring_by_a_link", Linked);
            add("a_file_system_that_knows_neither_way_is_named", NeitherWay);
            add("what_a_full_file_system_or_a_memory_limit_lacks_is_named", NoRoom);
            add("a_processor_whose_calls_are_not_known_is_refused", Processors);
        }

        private static void Identities()
        {
            string name = NewName();
            Refused(ErrorCode.InvalidName, () => new SharedMemoryProducer("../x"));
            Refused(ErrorCode.InvalidCapacity, () => new SharedMemoryProducer(name, Sized(0)));
            Refused(ErrorCode.InvalidCapacity, () => new SharedMemoryProducer(name, Sized(-1)));
            var openOnly = new SharedMemoryOptions { Mode = CreateMode.OpenOnly };
            Refused(ErrorCode.NotFound, () => new SharedMemoryProducer(name, openOnly));
            using (var producer = new SharedMemoryProducer(name, Sized(1000)))
            {
                Is(1024UL, producer.Ring.Capacity, "rounded up");
                Refused(
                    ErrorCode.CapacityMismatch, () => new SharedMemoryConsumer(name, Sized(4096)));
                string path = producer.Path;
                Poke(path, RingHeaderLayout.LayoutHash, 1);
                Refused(ErrorCode.LayoutMismatch, () => new SharedMemoryConsumer(name, openOnly));
                Poke(path, RingHeaderLayout.Magic, 0, 4);
                Refused(ErrorCode.BadMagic, () => new SharedMemoryConsumer(name, openOnly));
            }

            That(SharedMemoryFactory.CreateProducer("a/b", 4096) == null, "null");
            Is(ErrorCode.InvalidName, SharedMemoryFactory.LastError.Code, "and why");
            string file = SharedMemoryFactory.RingPath(name);
            That(!File.Exists(file), "it was removed by its last side");
        }

        private static void Schemas()
        {
            string name = NewName();
            using (var producer = new SharedMemoryProducer(name, Sized(1024)))
            {
                string path = producer.Path;
                Poke(path, RingHeaderLayout.SchemaHash, 0x1122334455667788);
                SharedMemoryException error = Refused(
                    ErrorCode.SchemaMismatch, () => new SharedMemoryConsumer(name, Sized(1024)));
                Is(0x1122334455667788UL, error.Found, "found");
                Is(Protocol.SchemaHash, error.Expected, "expected");
                var any = Sized(1024);
                any.AnySchema = true;
                using (var consumer = new SharedMemoryConsumer(name, any))
                {
                    That(!consumer.Ring.SchemaMatches, "it is known");
                }

                Poke(path, RingHeaderLayout.VersionMinor, 0x7FFF, 2);
                using (new SharedMemoryConsumer(name, Sized(1024)))
                {
                    // Of two minor versions, another schema is what is to be expected.
                }
            }
        }

        private static string TemporaryOf(string name) =>
            SharedMemoryFactory.RingPath(name).Replace("BitRPC_", ".BitRPC_");

        private static void Leftovers()
        {
            string name = NewName();
            string dead = TemporaryOf(name) + ".1.0000abcd.tmp";
            string alive = TemporaryOf(name) + "." + NewName().Length + "77.0000abce.tmp";
            string another = TemporaryOf(name + "x") + ".1.0000abcd.tmp";
            File.WriteAllText(dead, "unfinished");
            File.WriteAllText(another, "unfinished");
            File.WriteAllText(alive, "being made");
            Is(0, Platform.Current.Open(alive, writable: true, file: out RingFile maker), "open");
            using (maker)
            {
                Is(0, Platform.Current.TryLock(maker, RingConstants.MakingLock, out _), "lock");
                new SharedMemoryProducer(name, Sized(1024)).Close();
                That(!File.Exists(dead), "its creator is dead");
                That(File.Exists(alive), "its creator lives");
                That(File.Exists(another), "it is of another ring");
            }

            new SharedMemoryProducer(name, Sized(1024)).Close();
            That(!File.Exists(alive), "its creator is dead now");
            File.Delete(another);
        }

        private static void Swept()
        {
            string name = NewName();
            string folder = Path.GetDirectoryName(SharedMemoryFactory.RingPath(name));
            string pattern = Path.GetFileName(TemporaryOf(name)) + ".*.tmp";
            int swept = 0;
            bool isOver = false;
            var sweeper = new Thread(() =>
            {
                // Fewer than a creator puts up with.
                while (!Volatile.Read(ref isOver) && swept < 8)
                {
                    foreach (string path in Directory.GetFiles(folder, pattern))
                    {
                        File.Delete(path);
                        swept++;
                    }
                }
            });
            sweeper.IsBackground = true;
            sweeper.Start();
            try
            {
                Eventually(
                    () =>
                    {
                        new SharedMemoryProducer(name, Sized(8 << 20)).Close();
                        return Volatile.Read(ref swept) > 5;
                    },
                    "a file that is swept while it is made");
            }
            finally
            {
                Volatile.Write(ref isOver, true);
                sweeper.Join();
            }
        }

        private static void Linked()
        {
            if (!Sandbox.IsKnown)
            {
                return;
            }

            string name = NewName();
            foreach (uint refusal in new[] { Sandbox.NotImplemented, Sandbox.NoAccess })
            {
                Sandbox.Run(
                    () =>
                    {
                        using (var producer = new SharedMemoryProducer(name, Sized(1024)))
                        {
                            That(producer.SendString("here"), "send");
                            using (var consumer = new SharedMemoryConsumer(name, Sized(1024)))
                            {
                                Is("here", consumer.ReceiveString(0), "receive");
                            }
                        }
                    },
                    Sandbox.Deny(Sandbox.RenameAt2, refusal));
            }

            Is(0, Directory.GetFiles(FolderOf(name), ".*" + name + ".*").Length, "left behind");
        }

        private static string FolderOf(string name) =>
            Path.GetDirectoryName(SharedMemoryFactory.RingPath(name));

        private static void NeitherWay()
        {
            if (!Sandbox.IsKnown)
            {
                return;
            }

            string name = NewName();
            SharedMemoryException error = null;
            Sandbox.Run(
                () => error = Refused(
                    ErrorCode.Unsupported, () => new SharedMemoryProducer(name, Sized(1024))),
                Sandbox.Deny(Sandbox.RenameAt2, Sandbox.NotImplemented),
                Sandbox.Deny(Sandbox.Link, Sandbox.NotPermitted));
            string lacks = "renameat2 with RENAME_NOREPLACE, nor link";
            That(error.Message.Contains(lacks), error.Message);
            That(error.Message.Contains(FolderOf(name)), error.Message);
            Is(0, Directory.GetFiles(FolderOf(name), ".*" + name + ".*").Length, "left behind");
        }

        private static void NoRoom()
        {
            string name = NewName();
            SharedMemoryException error = Refused(
                ErrorCode.NoSpace, () => new SharedMemoryProducer(name, Sized(1L << 40)));
            Is((1UL << 40) + RingHeaderLayout.Size, error.Expected, "needed");
            That(error.Found > 0 && error.Found < error.Expected, "free");
            if (!Sandbox.IsKnown)
            {
                return;
            }

            Sandbox.Run(
                () => error = Refused(
                    ErrorCode.NoSpace, () => new SharedMemoryProducer(name, Sized(1024))),
                Sandbox.Deny(Sandbox.Fallocate, Sandbox.OutOfMemory));
            That(error.Message.Contains("a memory limit or a quota is lower"), error.Message);
            That(error.Message.Contains(" bytes needed, "), error.Message);
            Sandbox.Run(
                () => error = Refused(
                    ErrorCode.NoSpace, () => new SharedMemoryProducer(name, Sized(1024))),
                Sandbox.Deny(Sandbox.OpenAt, Sandbox.NoSpace, 2, CreatingFlags));
            That(error.Message.Contains("no room for another file"), error.Message);
            Is(0, Directory.GetFiles(FolderOf(name), ".*" + name + ".*").Length, "left behind");
        }

        /// <summary>O_RDWR, O_CREAT, O_EXCL, O_NONBLOCK, O_NOFOLLOW, O_CLOEXEC.</summary>
        private const uint CreatingFlags = 0x2 | 0x40 | 0x80 | 0x800 | 0x20000 | 0x80000;

        private static void Processors()
        {
            RingLinuxPlatform.CheckProcessor(System.Runtime.InteropServices.Architecture.X64);
            RingLinuxPlatform.CheckProcessor(System.Runtime.InteropServices.Architecture.Arm64);
            SharedMemoryException error = Refused(
                ErrorCode.Unsupported,
                () => RingLinuxPlatform.CheckProcessor(
                    System.Runtime.InteropServices.Architecture.X86));
            That(error.Message.Contains("X86"), error.Message);
            Refused(
                ErrorCode.Unsupported,
                () => RingLinuxPlatform.CheckProcessor(
                    (System.Runtime.InteropServices.Architecture)9));
        }
    }
}
