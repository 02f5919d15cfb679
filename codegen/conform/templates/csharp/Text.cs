// Bytes and text as the peer's output has them.
using System;
using System.Globalization;
using System.Text;

namespace ConformancePeer
{
    public static class Text
    {
        public static string ToHex(byte[] bytes) =>
            BitConverter.ToString(bytes).Replace("-", string.Empty).ToLowerInvariant();

        public static byte[] FromHex(string text)
        {
            byte[] bytes = new byte[text.Length / 2];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = Convert.ToByte(text.Substring(2 * i, 2), 16);
            }

            return bytes;
        }

        /// <summary>A text as a string of JSON, quotes included.</summary>
        public static string Json(string text)
        {
            var json = new StringBuilder("\"");
            foreach (char c in text)
            {
                if (c < ' ')
                {
                    _ = json.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    continue;
                }

                if (c == '"' || c == '\\')
                {
                    _ = json.Append('\\');
                }

                _ = json.Append(c);
            }

            return json.Append('"').ToString();
        }
    }
}
