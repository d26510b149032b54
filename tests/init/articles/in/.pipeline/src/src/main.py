import anyio
import dagger
from dagger import dag, function, object_type


@object_type
class Src:
    source: dagger.Directory
    config: dagger.Directory

    @function
    async def lint(self) -> str:
        return await (
            dag.container()
            .from_("python:3.13-slim")
            .with_exec(["pip", "install", "pylint"])
            .with_mounted_directory("/app/src", self.source)
            .with_mounted_directory("/app/config", self.config)
            .with_workdir("/app/src")
            .with_exec(["pylint", ".", "--rcfile", "/app/config/.pylintrc"])
            .stdout()
        )

    @function
    async def run_all(self):
        async with anyio.create_task_group() as tg:
            tg.start_soon(self.lint)
