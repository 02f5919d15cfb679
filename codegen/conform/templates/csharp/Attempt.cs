// One call that a test expects to fail, and what the library says of it.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using {{ view.namespace }};

namespace ConformancePeer
{
    /// <summary>Keeps every file descriptor that is free, so that the library finds none.</summary>
    public sealed class AllDescriptors : IDisposable
    {
        private readonly List<int> _held = new List<int>();

        public AllDescriptors()
        {
            int one;
            while ((one = Open("/dev/null", 0)) >= 0)
            {
                _held.Add(one);
            }
        }

        public void Dispose()
        {
            foreach (int one in _held)
            {
                _ = Close(one);
            }
        }

        [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi)]
        private static extern int Open(string path, int flags);

        [DllImport("libc", EntryPoint = "close")]
        private static extern int Close(int descriptor);
    }

    public sealed class Attempt
    {
        private const int TimeoutMs = 2000;

        private readonly string _action;
        private readonly SharedMemoryOptions _options =
            new SharedMemoryOptions { DiagnoseWakeups = true };

        private string _name = string.Empty;
        private string _role = "producer";
        private int _size = 8;
        private bool _exhaustsDescriptors;

        /// <summary>A capacity that the option's type cannot hold.</summary>
        private string _impossibleCapacity;

        /// <summary>What there is to say when nothing failed: further members of the JSON.</summary>
        private string _members = string.Empty;

        /// <summary>Takes the words behind the verb.</summary>
        public Attempt(string[] words)
        {
            if (words.Length < 2)
            {
                throw new Failure("attempt what?");
            }

            _action = words[1];
            for (int at = 2; at < words.Length; at++)
            {
                switch (words[at])
                {
                    case "--any-schema":
                        _options.AnySchema = true;
                        break;
                    case "--exhaust-descriptors":
                        _exhaustsDescriptors = true;
                        break;
                    default:
                        if (at + 1 == words.Length)
                        {
                            throw new Failure(words[at] + " needs a value");
                        }

                        Set(words[at], words[at + 1]);
                        at++;
                        break;
                }
            }
        }

        /// <summary>Does it, and says what came of it; true if nothing failed.</summary>
        public bool Run(out string verdict)
        {
            if (_impossibleCapacity != null)
            {
                verdict = Refused("Inexpressible", _impossibleCapacity + " does not fit into a long");
                return false;
            }

            try
            {
                if (_exhaustsDescriptors)
                {
                    WarmUp();
                    using (new AllDescriptors())
                    {
                        Act();
                    }
                }
                else
                {
                    Act();
                }

                verdict = "{\"ok\":true" + _members + "}";
                return true;
            }
            catch (SharedMemoryException error)
            {
                verdict = Refused(error.Code.ToString(), error.Message);
                return false;
            }
            catch (ObjectDisposedException error)
            {
                verdict = Refused("Disposed", error.Message);
                return false;
            }
        }

        private static string Refused(string kind, string message) =>
            "{\"ok\":false,\"kind\":" + Text.Json(kind) + ",\"error\":" + Text.Json(message) + "}";

        private static CreateMode ModeOf(string text)
        {
            switch (text)
            {
                case "create_or_open": return CreateMode.CreateOrOpen;
                case "create_only": return CreateMode.CreateOnly;
                case "open_only": return CreateMode.OpenOnly;
                default: throw new Failure("no mode is called " + text);
            }
        }

        private static Status ReceiveStruct(SharedMemoryConsumer consumer)
        {
            if (Samples.Messages.Length == 0)
            {
                throw new Failure("no struct of this spec is a message");
            }

            return Samples.Receive(
                Samples.Messages[0], consumer, TimeSpan.FromMilliseconds(TimeoutMs), out _);
        }

        private void Set(string option, string value)
        {
            switch (option)
            {
                case "--name":
                    _name = value;
                    break;
                case "--name-hex":
                    _name = Encoding.UTF8.GetString(Text.FromHex(value));
                    break;
                case "--role":
                    _role = value;
                    break;
                case "--mode":
                    _options.Mode = ModeOf(value);
                    break;
                case "--capacity":
                    SetCapacity(value);
                    break;
                case "--size":
                    _size = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                default:
                    throw new Failure("unknown option " + option);
            }
        }

        private void SetCapacity(string text)
        {
            const NumberStyles Style = NumberStyles.AllowLeadingSign;
            if (long.TryParse(text, Style, CultureInfo.InvariantCulture, out long capacity))
            {
                _options.Capacity = capacity;
            }
            else
            {
                _impossibleCapacity = text;
            }
        }

        /// <summary>
        /// Loads what a refusal needs, while the runtime can still open its own files.
        /// </summary>
        private void WarmUp()
        {
            try
            {
                _ = new SharedMemoryMonitor("nobody.made.this.ring");
            }
            catch (SharedMemoryException missing)
            {
                _ = Refused(missing.Code.ToString(), missing.Message);
            }

            try
            {
                var options = new SharedMemoryOptions { Mode = CreateMode.OpenOnly };
                _ = new SharedMemoryProducer("nobody.made.this.ring", options);
            }
            catch (SharedMemoryException missing)
            {
                _ = missing.Message;
            }
        }

        private void Act()
        {
            switch (_action)
            {
                case "attach":
                    Attach();
                    break;
                case "send":
                case "send-closed":
                    Send(_action == "send-closed");
                    break;
                case "receive":
                case "receive-closed":
                    Receive(_action == "receive-closed", c => c.ReceiveMessage(out _, TimeoutMs));
                    break;
                case "receive-text":
                    Receive(false, c => c.ReceiveString(out _, TimeoutMs));
                    break;
                case "receive-typed":
                    Receive(false, ReceiveStruct);
                    break;
                default:
                    throw new Failure("this peer has no action " + _action);
            }
        }

        private void Attach()
        {
            switch (_role)
            {
                case "producer":
                    new SharedMemoryProducer(_name, _options).Dispose();
                    break;
                case "consumer":
                    new SharedMemoryConsumer(_name, _options).Dispose();
                    break;
                default:
                    new SharedMemoryMonitor(_name, _options).Dispose();
                    break;
            }
        }

        private void Send(bool isClosed)
        {
            using (var producer = new SharedMemoryProducer(_name, _options))
            {
                if (isClosed)
                {
                    producer.Dispose();
                }

                Status status = producer.TrySend(new byte[_size]);
                if (status == ErrorCode.Full)
                {
                    _members = ",\"full\":true";
                }
                else if (!status)
                {
                    throw producer.LastError;
                }
            }
        }

        private void Receive(bool isClosed, Func<SharedMemoryConsumer, Status> receive)
        {
            using (var consumer = new SharedMemoryConsumer(_name, _options))
            {
                if (isClosed)
                {
                    consumer.Dispose();
                }

                Status status = receive(consumer);
                _members = status ? ",\"messages\":1" : ",\"empty\":true";
                if (!status && !status.WouldBlock)
                {
                    throw consumer.LastError;
                }
            }
        }
    }
}
