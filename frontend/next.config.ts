/** How Next builds and serves the app; nothing about the API is frozen in here, its address is read at run time. */
import type { NextConfig } from "next";

const securityHeaders = [
  { key: "X-Content-Type-Options", value: "nosniff" },
  { key: "X-Frame-Options", value: "DENY" },
  { key: "Referrer-Policy", value: "same-origin" },
  { key: "Cross-Origin-Opener-Policy", value: "same-origin" },
  { key: "Cross-Origin-Resource-Policy", value: "same-origin" },
  { key: "Permissions-Policy", value: "camera=(), microphone=(), geolocation=(), payment=(), usb=()" },
];

const config: NextConfig = {
  output: "standalone",
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
  poweredByHeader: false,
  reactStrictMode: true,
  skipTrailingSlashRedirect: true, // a redirect would lose the body of a POST to the API
  experimental: { optimizePackageImports: ["radix-ui"] },
  // The API's answers carry their own headers and must pass unchanged.
  headers: async () => [{ source: "/((?!api/).*)", headers: securityHeaders }],
};

export default config;
