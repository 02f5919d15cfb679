// Prints the layouts of the structs in this assembly as JSON.
namespace BitrpcProbe
{
    using System;
    using System.Collections.Generic;
    using System.Linq;
    using System.Reflection;
    using System.Runtime.CompilerServices;
    using System.Runtime.InteropServices;

    internal static class Program
    {
        private const BindingFlags Members =
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

        private static void Main()
        {
            Type[] types = typeof(Program).Assembly.GetTypes();
            IEnumerable<string> layouts =
                types.Where(IsAsked).Select(Layout).Where(text => text != null);
            Console.WriteLine("{" + string.Join(",", layouts.ToArray()) + "}");
        }

        private static bool IsAsked(Type type)
        {
            // Fixed buffers are types that the compiler makes.
            return type.IsValueType && !type.IsEnum && !type.IsGenericTypeDefinition
                && !type.IsDefined(typeof(CompilerGeneratedAttribute), false)
                && type.Namespace != "BitrpcProbe";
        }

        /// <summary>One struct; null for one that holds references, which nobody shares.</summary>
        private static string Layout(Type type)
        {
            try
            {
                int size = Marshal.SizeOf(type);
                IEnumerable<string> fields =
                    type.GetFields(Members).Select(field => Field(type, field));
                return Quoted(type.FullName) + ":{\"size\":" + size
                    + ",\"fields\":[" + string.Join(",", fields.ToArray()) + "]}";
            }
            catch (ArgumentException)
            {
                return null;
            }
        }

        private static string Field(Type type, FieldInfo field)
        {
            long offset = Marshal.OffsetOf(type, field.Name).ToInt64();
            string word = Word(field.FieldType);
            string end = word == null ? "null" : Quoted(word);
            return "[" + Quoted(Name(field)) + "," + offset + "," + Size(type, field) + ","
                + end + "]";
        }

        /// <summary>The name as it is written: that of the property for its hidden field.</summary>
        private static string Name(FieldInfo field)
        {
            int end = field.Name.IndexOf(">k__BackingField", StringComparison.Ordinal);
            return end > 0 ? field.Name.Substring(1, end - 1) : field.Name;
        }

        private static int Size(Type owner, FieldInfo field)
        {
            var buffer = (FixedBufferAttribute)Attribute.GetCustomAttribute(
                field, typeof(FixedBufferAttribute));
            if (buffer != null)
            {
                return buffer.Length * SizeOf(buffer.ElementType, owner);
            }
            var stated = (MarshalAsAttribute)Attribute.GetCustomAttribute(
                field, typeof(MarshalAsAttribute));
            if (stated == null)
            {
                return SizeOf(field.FieldType, owner);
            }
            switch (stated.Value)
            {
                case UnmanagedType.ByValArray:
                    return stated.SizeConst * SizeOf(field.FieldType.GetElementType(), owner);
                case UnmanagedType.ByValTStr:
                    return stated.SizeConst * SizeOf(typeof(char), owner);
                case UnmanagedType.I1:
                case UnmanagedType.U1:
                    return 1;
                case UnmanagedType.I2:
                case UnmanagedType.U2:
                    return 2;
                default:
                    return SizeOf(field.FieldType, owner);
            }
        }

        private static int SizeOf(Type type, Type owner)
        {
            if (type == typeof(char))
            {
                CharSet set = owner.StructLayoutAttribute.CharSet;
                return set == CharSet.Unicode ? 2 : 1;
            }
            return Marshal.SizeOf(type.IsEnum ? Enum.GetUnderlyingType(type) : type);
        }

        /// <summary>A spec's word for a scalar; null when it has none.</summary>
        private static string Word(Type type)
        {
            switch (Type.GetTypeCode(type.IsArray ? type.GetElementType() : type))
            {
                case TypeCode.SByte: return "i8";
                case TypeCode.Int16: return "i16";
                case TypeCode.Int32: return "i32";
                case TypeCode.Int64: return "i64";
                case TypeCode.Byte: return "u8";
                case TypeCode.UInt16: return "u16";
                case TypeCode.UInt32: return "u32";
                case TypeCode.UInt64: return "u64";
                case TypeCode.Single: return "f32";
                case TypeCode.Double: return "f64";
                default: return null;
            }
        }

        private static string Quoted(string text)
        {
            return "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
        }
    }
}
