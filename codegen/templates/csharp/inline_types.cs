
    /// <summary>The types of arrays and texts that lie inside structs.</summary>
    public static class Inline
    {
{%- for item in view.inline_types %}
{%- if !loop.first %}
{% endif %}
{%- if item.is_text %}
        /// <summary>UTF-8 text of at most {{ item.length }} bytes, zero padded.</summary>
        [StructLayout(LayoutKind.Explicit, Size = {{ item.size }})]
        public unsafe struct {{ item.name }} : IEquatable<{{ item.name }}>
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

            /// <summary>Whether the texts are the same.</summary>
            /// <param name="left">One text.</param>
            /// <param name="right">The other text.</param>
            public static bool operator ==(in {{ item.name }} left, in {{ item.name }} right)
            {
                fixed (byte* a = left._bytes, b = right._bytes)
                {
                    return RingField.TextOf(a, Length).SequenceEqual(RingField.TextOf(b, Length));
                }
            }

            /// <summary>Whether the texts differ.</summary>
            /// <param name="left">One text.</param>
            /// <param name="right">The other text.</param>
            public static bool operator !=(in {{ item.name }} left, in {{ item.name }} right) => !(left == right);

            /// <inheritdoc/>
            public bool Equals({{ item.name }} other) => this == other;

            /// <inheritdoc/>
            public override bool Equals(object obj) => obj is {{ item.name }} other && this == other;

            /// <inheritdoc/>
            public override int GetHashCode()
            {
                fixed (byte* start = _bytes)
                {
                    return RingField.HashOf(RingField.TextOf(start, Length));
                }
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
        public unsafe struct {{ item.name }} : IEquatable<{{ item.name }}>
        {
            /// <summary>How many elements there are.</summary>
            public const int Length = {{ item.length }};

            [FieldOffset(0)]
            private fixed byte _bytes[{{ item.size }}];

            /// <summary>
            /// One of the elements: a copy{% if item.has_at %}; <see cref="At(ref {{ item.name }}, int)"/> gives it in place{% endif %}.
            /// </summary>
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

            /// <summary>Whether all elements are the same.</summary>
            /// <param name="left">One array.</param>
            /// <param name="right">The other array.</param>
            public static bool operator ==(in {{ item.name }} left, in {{ item.name }} right)
            {
                fixed (byte* a = left._bytes, b = right._bytes)
                {
                    bool isSame = true;
                    for (int i = 0; i < Length; i++)
                    {
                        isSame &= {{ item.same }};
                    }

                    return isSame;
                }
            }

            /// <summary>Whether some element differs.</summary>
            /// <param name="left">One array.</param>
            /// <param name="right">The other array.</param>
            public static bool operator !=(in {{ item.name }} left, in {{ item.name }} right) => !(left == right);

            /// <inheritdoc/>
            public bool Equals({{ item.name }} other) => this == other;

            /// <inheritdoc/>
            public override bool Equals(object obj) => obj is {{ item.name }} other && this == other;

            /// <inheritdoc/>
            public override int GetHashCode()
            {
                unchecked
                {
                    int hash = Length;
                    for (int i = 0; i < Length; i++)
                    {
                        hash = (hash * 31) + this[i].GetHashCode();
                    }

                    return hash;
                }
            }

            /// <summary>The first elements, as text.</summary>
            public override string ToString()
            {
                var text = new StringBuilder();
                for (int i = 0; i < Length && RingText.BeginElement(text, i); i++)
                {
                    _ = text.Append({{ item.show }});
                }

                return RingText.EndElements(text, Length);
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
{%- for item in view.inline_types %}{% if item.has_at %}

        /// <summary>One of the elements in place, to be changed.</summary>
        /// <param name="array">The array.</param>
        /// <param name="index">From 0 to its length - 1.</param>
        /// <returns>The element itself.</returns>
        /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
        public static unsafe ref {{ item.element }} At(
#if !__MonoCS__
            this
#endif
            ref {{ item.name }} array,
            int index)
        {
            RingField.CheckIndex(index, {{ item.name }}.Length);
            fixed ({{ item.name }}* start = &array)
            {
                return ref (({{ item.element }}*)start)[index];
            }
        }
{%- endif %}{% endfor %}
    }
