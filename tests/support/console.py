"""Somebody at the console, who changes things behind the stack's back."""

from __future__ import annotations

from typing import Any

from qcloud_cos import CosConfig, CosS3Client

from tests.support.places import BUCKET, REGION


def official_sdk(url: str) -> CosS3Client:
    """Return the official SDK's client, sending everything to the emulator at ``url``."""
    return CosS3Client(
        CosConfig(Region=REGION, SecretId="emulator", SecretKey="emulator", Scheme="http", Proxies={"http": url})
    )


class Console:
    """The official SDK's calls, on the tests' bucket."""

    def __init__(self, url: str) -> None:
        self._sdk = official_sdk(url)

    def remove_bucket(self) -> None:
        """Delete the bucket and what is in it."""
        for entry in self._sdk.list_objects(BUCKET).get("Contents", []):
            self._sdk.delete_object(BUCKET, entry["Key"])
        self._sdk.delete_bucket(BUCKET)

    def pause_queue(self) -> None:
        """Pause the queue of Smart Audio."""
        queue = self._sdk.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]
        body = {"Name": queue["Name"], "QueueID": queue["QueueId"], "State": "Paused", "NotifyConfig": {"State": "Off"}}
        self._sdk.ci_update_asr_queue(Bucket=BUCKET, QueueId=queue["QueueId"], Request=body)

    def cancel_job(self, job_id: str) -> None:
        """Cancel a job."""
        self._sdk.ci_cancel_jobs(Bucket=BUCKET, JobID=job_id)

    def jobs(self) -> list[dict[str, Any]]:
        """Return the jobs as the service lists them, oldest first."""
        listed = self._sdk.ci_list_media_jobs(Bucket=BUCKET, Tag="NoiseReduction", OrderByTime="Asc", Size=100)
        jobs: list[dict[str, Any]] = listed["JobsDetail"]
        return jobs

    def change_template(self, template_id: str, name: str, **parameters: str) -> None:
        """Replace a template's name and parameters."""
        body = {"Tag": "NoiseReduction", "Name": name, "NoiseReduction": parameters}
        self._sdk.ci_update_template(Bucket=BUCKET, TemplateId=template_id, Template=body)

    def remove_object(self, key: str) -> None:
        """Delete a recording or a result."""
        self._sdk.delete_object(Bucket=BUCKET, Key=key)

    def remove_template(self, template_id: str) -> None:
        """Delete a template."""
        self._sdk.ci_delete_template(Bucket=BUCKET, TemplateId=template_id)
