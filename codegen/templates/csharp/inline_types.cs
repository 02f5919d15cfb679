
    /// <summary>The types of arrays and texts that lie inside structs.</summary>
    public static class Inline
    {
{%- for item in view.inline_types %}
{%- if !loop.first %}
{% endif %}
{%- if item.is_text %}
        /// <summary>UTF-8 text of at most {{ item.length }} bytes, zero padded.</summary>
        [StructLayout(LayoutKind.Explicit, Size = {{ item.size }})]
        public unsafe struct {{ item.name }}
        {
            /// <summary>Most bytes that the text may have.</summary>
            public const int Length = {{ item.length }};

            [FieldOffset(0)]
            private fixed byte _bytes[Length];

            /// <summary>A text as field; see <see cref="Set"/>.</summary>
            /// <param name="text">The text; null counts as empty.</param>
            public static implicit operator {{ item.name }}(string text)
            {
                var result = default({{ item.name }});
                result.Set(text);
                return result;
            }

            /// <summary>Stores a text.</summary>
            /// <param name="text">The text; null counts as empty.</param>
            /// <exception cref="ArgumentException">It has more bytes in UTF-8 than fit, or holds
            /// half a surrogate pair. The field keeps its old text.</exception>
            public void Set(string text)
            {
                fixed (byte* start = _bytes)
                {
                    RingField.SetText(start, Length, text);
                }
            }

            /// <summary>The text up to its first zero.</summary>
            /// <param name="text">The text; null if the bytes are not UTF-8.</param>
            /// <returns>Whether the bytes are UTF-8: another process may have written
            /// them.</returns>
            public bool TryGet(out string text)
            {
                fixed (byte* start = _bytes)
                {
                    text = RingUtf8.Read(RingField.TextOf(start, Length));
                    return text != null;
                }
            }

            /// <summary>The text for display: what is not UTF-8 becomes U+FFFD.</summary>
            public override string ToString()
            {
                fixed (byte* start = _bytes)
                {
                    return RingUtf8.Show(RingField.TextOf(start, Length));
                }
            }
        }
{%- else %}
        /// <summary>{{ item.length }} elements in place.</summary>
        [StructLayout(LayoutKind.Explicit, Size = {{ item.size }})]
        public unsafe struct {{ item.name }}
        {
            /// <summary>How many elements there are.</summary>
            public const int Length = {{ item.length }};

            [FieldOffset(0)]
            private fixed byte _bytes[{{ item.size }}];

            /// <summary>One of the elements.</summary>
            /// <param name="index">From 0 to <see cref="Length"/> - 1.</param>
            /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
            public {{ item.element }} this[int index]
            {
                get
                {
                    RingField.CheckIndex(index, Length);
                    fixed (byte* start = _bytes)
                    {
                        return {{ item.get }};
                    }
                }

                set
                {
                    RingField.CheckIndex(index, Length);
                    fixed (byte* start = _bytes)
                    {
                        (({{ item.wire }}*)start)[index] = {{ item.set }};
                    }
                }
            }

            /// <summary>Stores elements from the first on; the rest becomes zero.</summary>
            /// <param name="elements">At most <see cref="Length"/>.</param>
            /// <exception cref="ArgumentOutOfRangeException">More than fit.</exception>
            public void Set(ReadOnlySpan<{{ item.element }}> elements)
            {
                RingField.CheckCount(elements.Length, Length);
                this = default({{ item.name }});
                for (int i = 0; i < elements.Length; i++)
                {
                    this[i] = elements[i];
                }
            }

            /// <summary>All elements.</summary>
            /// <returns>A new array.</returns>
            public {{ item.element }}[] ToArray()
            {
                var elements = new {{ item.element }}[Length];
                for (int i = 0; i < Length; i++)
                {
                    elements[i] = this[i];
                }

                return elements;
            }
        }
{%- endif %}
{%- endfor %}
    }
