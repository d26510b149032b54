"""Calls the tools of a server: the command is in the arguments, the calls are on standard input."""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def show(value):
    print(json.dumps(value), flush=True)


async def call(session, tool, arguments):
    messages = []

    async def progress(done, total, message):
        messages.append([done, total, message])

    result = await session.call_tool(tool, arguments, progress_callback=progress)
    result = result.model_dump(mode="json", by_alias=True)
    text = "".join(part["text"] for part in result["content"])
    answer = result.get("structuredContent")
    show({"error": result["isError"], "answer": answer, "text": text, "progress": messages})


async def main():
    server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ))
    async with stdio_client(server) as (reading, writing):
        async with ClientSession(reading, writing) as session:
            await session.initialize()
            tools = await session.list_tools()
            show([tool.model_dump(mode="json", by_alias=True) for tool in tools.tools])
            for tool, arguments in json.load(sys.stdin):
                await call(session, tool, arguments)


asyncio.run(main())
