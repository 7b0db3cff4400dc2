using System.Runtime.InteropServices;
using Xunit;

namespace ImageFabric.Protocol.Tests;

public sealed class AddressFormTests
{
    [Theory]
    [InlineData("s3://bucket/prefix")]
    [InlineData("S3://bucket")]
    [InlineData("/srv/images")]
    [InlineData("images")]
    [InlineData("./remote:bucket")]
    [InlineData("dir/with:colon")]
    [InlineData("~/images")]
    [InlineData("a b:c")]
    public void Buckets_and_directories_may_be_stores(string text) => Assert.Null(AddressForm.WhyNoStore(text));

    [Theory]
    [InlineData("s3:/bucket/prefix", "s3://bucket")]
    [InlineData("s3:bucket", "s3://bucket")]
    [InlineData("remote:bucket", "./remote:bucket")]
    [InlineData("file:store", "directory or s3://")]
    [InlineData("file:///srv/images", "directory or s3://")]
    [InlineData("gs://bucket", "directory or s3://")]
    [InlineData("https://s3.example.org/bucket", "endpoint")]
    public void What_is_neither_is_no_store_and_the_reason_shows_the_form(string text, string shown) => Assert.Contains(shown, AddressForm.WhyNoStore(text));

    [Theory]
    [InlineData("https://example.org/d.img")]
    [InlineData("HTTP://example.org/d.img")]
    [InlineData("s3://bucket/key")]
    [InlineData("/srv/d.img")]
    [InlineData("app:1.0.img")]
    [InlineData("d.img")]
    public void Files_and_addresses_may_be_images(string text) => Assert.Null(AddressForm.WhyNoSource(text));

    [Theory]
    [InlineData("ftp://example.org/d.img")]
    [InlineData("gs://bucket/d.img")]
    [InlineData("file:///srv/d.img")]
    [InlineData("s3:/bucket/d.img")]
    [InlineData("https:/example.org/d.img")]
    public void What_cannot_be_read_is_no_image_and_the_reason_names_the_kinds(string text) => Assert.Contains("s3://bucket/key", AddressForm.WhyNoSource(text));

    [Fact]
    public void A_drive_is_a_path_on_Windows_alone()
    {
        bool windows = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);
        Assert.Equal(windows, AddressForm.WhyNoStore(@"C:\images") is null);
        Assert.Equal(windows, AddressForm.WhyNoSource(@"C:\images\d.vhdx") is null);
    }

    [Theory]
    [InlineData("https://h/d.img?X-Amz-Signature=abc", "https://h/d.img")]
    [InlineData("https://ops:s3cret@h:8443/a@b/d.img#part", "https://h:8443/a@b/d.img")]
    [InlineData("http://ops@h", "http://h")]
    [InlineData("https://h/d.img", "https://h/d.img")]
    [InlineData("s3://bucket/key?x#y", "s3://bucket/key?x#y")]
    [InlineData("/srv/what?.img", "/srv/what?.img")]
    public void Passwords_and_signatures_are_not_shown(string source, string shown) => Assert.Equal(shown, AddressForm.WithoutSecrets(source));
}
