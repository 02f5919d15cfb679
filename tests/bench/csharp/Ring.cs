// This project's ring.
using System;
using BitRPC.SharedMemory;

namespace Bench
{
    public struct RingSender : ISender
    {
        private readonly SharedMemoryProducer _producer;

        public RingSender(string name, Arguments arguments)
        {
            _producer = new SharedMemoryProducer(name, Options(arguments));
        }

        /// <summary>The capacity is that of all other transports, as near as may be.</summary>
        public static SharedMemoryOptions Options(Arguments arguments) => new SharedMemoryOptions
        {
            Capacity = 1 << 20,
            Distance = arguments.Transport == "ring-latency" ? Distance.Latency : Distance.Adaptive,
            WaitStrategy = arguments.IsPolling ? WaitStrategy.Spin : WaitStrategy.Adaptive,
        };

        public void Send(byte[] message)
        {
            if (!_producer.Send(message))
            {
                throw _producer.LastError;
            }
        }

        public void Dispose() => _producer?.Dispose();
    }

    /// <summary>The same, but each message is written in place.</summary>
    public struct RingClaimer : ISender
    {
        private readonly SharedMemoryProducer _producer;

        public RingClaimer(string name, Arguments arguments)
        {
            _producer = new SharedMemoryProducer(name, RingSender.Options(arguments));
        }

        public void Send(byte[] message)
        {
            if (!_producer.Claim(MessageType.Data, message.Length, out Claim claim))
            {
                throw _producer.LastError;
            }

            message.CopyTo(claim.Payload);
            claim.Commit();
        }

        public void Dispose() => _producer?.Dispose();
    }

    public struct RingReceiver : IReceiver
    {
        private readonly SharedMemoryConsumer _consumer;

        public RingReceiver(string name, Arguments arguments)
        {
            _consumer = new SharedMemoryConsumer(name, RingSender.Options(arguments));
        }

        public void Receive(byte[] message)
        {
            if (!_consumer.Receive(out ReceivedMessage received)
                || received.Payload.Length != message.Length)
            {
                Refuse();
            }

            received.Payload.CopyTo(message);
        }

        public void Dispose() => _consumer?.Dispose();

        private void Refuse() => throw (Exception)_consumer.LastError
            ?? new InvalidOperationException("a message of another size");
    }
}
