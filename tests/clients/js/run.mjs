// Runs everything that this directory does with the AWS SDK for JavaScript.
import { run } from "./rp.mjs";
import "./misskey.mjs";
import "./peertube.mjs";

await run();
