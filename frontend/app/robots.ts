/** What search engines may look at: the pages before signing in; the others are somebody's own. */
import type { MetadataRoute } from "next";

export default function robots(): MetadataRoute.Robots {
  return { rules: { userAgent: "*", disallow: ["/api/", "/gateway"] } };
}
