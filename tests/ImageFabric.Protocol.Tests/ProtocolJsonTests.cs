using System.Reflection;
using System.Runtime.Serialization;
using System.Text.Json;

namespace ImageFabric.Protocol.Tests;

public sealed class ProtocolJsonTests
{
    public static TheoryData<Type> Messages()
    {
        var data = new TheoryData<Type>();
        foreach (Type type in typeof(EngineEvent).Assembly.GetTypes())
        {
            if (!type.IsAbstract && (typeof(EngineEvent).IsAssignableFrom(type) || typeof(EngineRequest).IsAssignableFrom(type)))
                data.Add(type);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_message_travels_as_one_line_and_comes_back_the_same(Type type)
    {
        object message = Fill(type);
        string line = Serialize(message);
        Assert.DoesNotContain('\n', line);
        object back = Deserialize(type, line);
        Assert.Equal(line, Serialize(back));
        foreach (PropertyInfo property in type.GetProperties().Where(p => p.CanWrite))
            Assert.NotNull(property.GetValue(back));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_public_property_is_in_the_contract_under_its_own_name_in_camel_case(Type type)
    {
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            // Bytes travel in base 64, by a property of their own.
            PropertyInfo? carrier = property.GetCustomAttribute<IgnoreDataMemberAttribute>() is null
                ? property
                : type.GetProperty(property.Name + "Text", BindingFlags.NonPublic | BindingFlags.Instance);
            DataMemberAttribute? member = carrier?.GetCustomAttribute<DataMemberAttribute>();
            Assert.NotNull(member);
            Assert.Equal(JsonNamingPolicy.CamelCase.ConvertName(property.Name), member.Name);
        }
    }

    [Fact]
    public void What_a_guest_is_told_travels_as_bytes()
    {
        byte[] packed = [0x1f, 0x8b, 0x00, 0xff, 0xfe, 0x0d, 0x0a];
        VmCreateRequest read = ProtocolJson.Deserialize<VmCreateRequest>(ProtocolJson.Serialize(new VmCreateRequest { UserData = packed, Unattend = [] }));
        Assert.Equal(packed, read.UserData);
        Assert.Empty(read.Unattend!);
        Assert.Null(read.NetworkConfig);
    }

    /// <summary>Mono's serializer wraps what a property throws.</summary>
    [Fact]
    [Trait("Mono", "differs")]
    public void Bytes_that_are_not_base_64_are_refused() =>
        Assert.Throws<SerializationException>(() => ProtocolJson.Deserialize<VmCreateRequest>("""{"operation":"vm-create","userData":"#cloud-config"}"""));

    [Fact]
    public void A_request_that_another_program_writes_is_read()
    {
        var request = ProtocolJson.Deserialize<PublishRequest>(
            """{"operation":"publish","protocol":1,"store":{"uri":"s3://b/p"},"version":"1","name":"n","source":"/d.raw","labels":{"os":"debian"},"somethingNew":[1,{"a":2}]}""");
        Assert.Equal(("n", "1", "/d.raw", "s3://b/p"), (request.Name, request.Version, request.Source, request.Store?.Uri));
        Assert.Equal("debian", request.Labels!["os"]);
        Assert.Null(request.Throttle);
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void A_line_that_is_nested_too_deeply_is_refused_before_it_is_parsed(char open, char close)
    {
        string inner = open == '[' ? "[" : "{\"a\":";
        string line = "{\"type\":\"log\",\"message\":\"m\",\"x\":" + string.Concat(Enumerable.Repeat(inner, 400_000)) + "1" + new string(close, 400_000) + "}";
        Assert.Contains("nested", Assert.Throws<SerializationException>(() => ProtocolJson.Deserialize<LogEvent>(line)).Message);

        // Brackets within a text are no levels.
        Assert.Equal(new string(open, 1000), ProtocolJson.Deserialize<LogEvent>("{\"type\":\"log\",\"message\":\"" + new string(open, 1000) + "\"}").Message);
    }

    [Fact]
    public void A_request_that_holds_NUL_is_refused_and_one_that_only_speaks_of_it_is_not()
    {
        Assert.Throws<SerializationException>(() => ProtocolJson.Deserialize<PublishRequest>("""{"operation":"publish","protocol":1,"source":"/a\u0000b"}"""));
        Assert.Equal("/a\\u0000b", ProtocolJson.Deserialize<PublishRequest>("""{"operation":"publish","protocol":1,"source":"/a\\u0000b"}""").Source);
        Assert.Equal("a\0b", ProtocolJson.Deserialize<LogEvent>("""{"type":"log","message":"a\u0000b"}""").Message);
    }

    [Fact]
    public void Text_of_any_script_and_control_characters_survive()
    {
        const string Text = "Füße 🚀 \u0001\r\n\t\"\\ \u2028";
        var log = new LogEvent { Level = LogEvent.Warning, Message = Text };
        string line = ProtocolJson.Serialize(log);
        Assert.DoesNotContain('\n', line);
        Assert.Equal(Text, ProtocolJson.Deserialize<LogEvent>(line).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"operation":"publish"}""")]
    public void A_line_that_is_no_request_is_refused(string line) =>
        Assert.ThrowsAny<SerializationException>(() => ProtocolJson.Deserialize<EngineRequest>(line));

    // Mono's serializer calls by reflection what that of .NET Framework compiles, so the exception arrives in a TargetInvocationException.
    [Fact]
    [Trait("Mono", "differs")]
    public void A_word_where_a_number_belongs_is_refused() =>
        Assert.ThrowsAny<SerializationException>(() => ProtocolJson.Deserialize<EngineRequest>("""{"operation":"publish","protocol":"one"}"""));

    [Fact]
    public void A_line_over_the_limit_is_refused_before_it_is_parsed() =>
        Assert.Throws<SerializationException>(() => ProtocolJson.Deserialize<EngineEvent>(new string(' ', ProtocolJson.MaximumLineLength + 1)));

    private static object Fill(Type type)
    {
        object message = Activator.CreateInstance(type)!;
        foreach (PropertyInfo property in type.GetProperties().Where(p => p.CanWrite && p.Name is not ("Type" or "Operation")))
            property.SetValue(message, Sample(property.PropertyType));
        return message;
    }

    private static object Sample(Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(string))
            return "text";
        if (plain == typeof(bool))
            return true;
        if (plain == typeof(int))
            return 7;
        if (plain == typeof(long))
            return 1L << 40;
        if (plain == typeof(double))
            return 1.5;
        if (plain == typeof(string[]))
            return new[] { "a", "b" };
        if (plain == typeof(Dictionary<string, string>))
            return new Dictionary<string, string> { ["k"] = "v" };
        if (plain.IsArray)
        {
            Array array = Array.CreateInstance(plain.GetElementType()!, 1);
            array.SetValue(Fill(plain.GetElementType()!), 0);
            return array;
        }

        return Fill(plain);
    }

    private static string Serialize(object message) =>
        (string)typeof(ProtocolJson).GetMethod(nameof(ProtocolJson.Serialize))!.MakeGenericMethod(message.GetType()).Invoke(null, [message])!;

    private static object Deserialize(Type type, string line) =>
        typeof(ProtocolJson).GetMethod(nameof(ProtocolJson.Deserialize))!.MakeGenericMethod(type).Invoke(null, [line])!;
}
