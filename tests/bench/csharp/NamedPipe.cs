// .NET's named pipe: a write and a read for each message.
using System;
using System.IO;
using System.IO.Pipes;

namespace Bench
{
    public struct PipeSender : ISender
    {
        private readonly NamedPipeClientStream _stream;

        public PipeSender(string name, Arguments arguments)
        {
            string path = Path.Combine(arguments.Folder, name);
            _stream = new NamedPipeClientStream(".", path, PipeDirection.Out);
            _stream.Connect();
        }

        public void Send(byte[] message) => _stream.Write(message, 0, message.Length);

        public void Dispose() => _stream?.Dispose();
    }

    public struct PipeReceiver : IReceiver
    {
        private readonly NamedPipeServerStream _stream;

        public PipeReceiver(string name, Arguments arguments)
        {
            const int Capacity = 1 << 20;
            string path = Path.Combine(arguments.Folder, name);
            _stream = new NamedPipeServerStream(
                path,
                PipeDirection.In,
                1,
                PipeTransmissionMode.Byte,
                PipeOptions.None,
                Capacity,
                Capacity);
            _stream.WaitForConnection();
        }

        public void Receive(byte[] message)
        {
            int read = 0;
            while (read < message.Length)
            {
                int more = _stream.Read(message, read, message.Length - read);
                if (more == 0)
                {
                    throw new EndOfStreamException("the other side is gone");
                }

                read += more;
            }
        }

        public void Dispose() => _stream?.Dispose();
    }
}
