// Clean one recording: bind its bucket to CI, enable Smart Audio on it, reduce the noise.

import * as pulumi from "@pulumi/pulumi";

// The plugin serves every language. These are the properties that this program uses; `pulumi package add ci-audio`
// writes classes with all of them.
class AudioResource extends pulumi.CustomResource {
    declare readonly bucket: pulumi.Output<string>;
    declare readonly state: pulumi.Output<string>;
    declare readonly outputUrl: pulumi.Output<string>;

    constructor(kind: string, name: string, inputs: pulumi.Inputs, opts?: pulumi.CustomResourceOptions) {
        super(`ci-audio:index:${kind}`, name, { state: undefined, outputUrl: undefined, ...inputs }, opts);
    }
}

const config = new pulumi.Config();

const binding = new AudioResource("CiBucketBinding", "binding", { bucket: config.require("bucket") });

// Each resource takes the bucket from the one before, so that it comes after that one and goes before it.
const audio = new AudioResource("AsrBucketBinding", "audio", { bucket: binding.bucket });

const job = new AudioResource("NoiseReductionJob", "clean", {
    bucket: audio.bucket,
    inputObject: config.require("input"),
    outputObject: "clean/speech.wav",
}, { deleteBeforeReplace: true });

export const state = job.state;
export const cleanedUrl = job.outputUrl;
