// A receiver of webhooks in C# (.NET 8, ASP.NET Core minimal API): SECRET=whsec_… PORT=9000 dotnet run
// Verified with the framework alone; the NuGet package `Svix` (Svix.Webhook) verifies v1 as well.

using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

var secret = Convert.FromBase64String(Environment.GetEnvironmentVariable("SECRET")!.Replace("whsec_", ""));
var seen = new ConcurrentDictionary<string, bool>(); // in production: a table with the event's id as its key
var work = new BlockingCollection<byte[]>(); // in production: a queue that outlives the process

var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
var app = builder.Build();
app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine("listening"));
app.MapPost("/{**path}", async (HttpRequest request) =>
{
    using var buffer = new MemoryStream();
    await request.Body.CopyToAsync(buffer);
    var body = buffer.ToArray();
    if (!Verified(request.Headers, body)) return Results.StatusCode(401);
    if (seen.TryAdd(request.Headers["webhook-id"].ToString(), true)) work.Add(body); // deliveries are at least once
    return Results.NoContent(); // parsed and worked on afterwards; what you do not know, you ignore there
});
app.Run($"http://127.0.0.1:{Environment.GetEnvironmentVariable("PORT")}");

bool Verified(IHeaderDictionary headers, byte[] body)
{
    string id = headers["webhook-id"].ToString(), sentAt = headers["webhook-timestamp"].ToString();
    if (id == "" || !long.TryParse(sentAt, out var seconds)) return false;
    var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    if (seconds < now - 300 || seconds > now + 300) return false;
    var signed = Encoding.UTF8.GetBytes($"{id}.{sentAt}.").Concat(body).ToArray();
    var expected = HMACSHA256.HashData(secret, signed);
    foreach (var signature in headers["webhook-signature"].ToString().Split(' '))
    {
        var parts = signature.Split(',', 2);
        var given = new byte[32];
        if (parts.Length == 2 && parts[0] == "v1" && Convert.TryFromBase64String(parts[1], given, out var length)
            && length == 32 && CryptographicOperations.FixedTimeEquals(given, expected)) return true;
    }
    return false;
}
