"""A project of the simulated cloud, and how a described server becomes two machines that are kept equal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.demo.sdrs.group import Drill, FailedTask, Group
from bot.demo.sdrs.identity import Domain
from bot.demo.sdrs.inventory import (
    OS,
    Deed,
    Document,
    Image,
    Instance,
    Machine,
    Pair,
    Server,
    Station,
    opposite,
)
from bot.demo.sdrs.jobs import Job
from bot.demo.sdrs.world import World

AGE = timedelta(days=400)  # how long ago groups were created


@dataclass(kw_only=True, eq=False)
class Project:
    """Groups and machines by id. Names of projects may repeat, as they do across domains."""

    id: str
    name: str
    domain: Domain
    world: World
    groups: dict[str, Group] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    pairs: dict[str, Pair] = field(default_factory=dict)
    drills: dict[str, Drill] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    sdrs_jobs: dict[str, Job] = field(default_factory=dict)
    ecs_jobs: dict[str, Job] = field(default_factory=dict)
    failed_tasks: list[FailedTask] = field(default_factory=list)
    password_reads: list[str] = field(default_factory=list)

    def add_group(
        self,
        name: str,
        *,
        servers: Sequence[Server] = (),
        source_zone: str = "eu-de-01",
        target_zone: str = "eu-de-02",
        status: str = "protected",
        priority_station: str = "source",
        description: str | None = None,
        pairs: bool = True,
        last_drill_days_ago: float | None = None,
    ) -> Group:
        """A group whose instances have their DR twins, images, and (unless told otherwise) pairs in sync."""
        created_at = self.world.clock.now() - AGE + timedelta(seconds=len(self.groups))
        vpc_id = self.world.uuid()
        group = Group(
            id=self.world.uuid(),
            name=name,
            description=description,
            source_zone=source_zone,
            target_zone=target_zone,
            source_vpc_id=vpc_id,
            target_vpc_id=vpc_id,
            status=status,
            progress=0,
            priority_station=Station(priority_station),
            created_at=created_at,
            updated_at=created_at,
        )
        if last_drill_days_ago is not None:
            group.last_drill_at = self.world.clock.now() - timedelta(days=last_drill_days_ago)
        self.groups[group.id] = group
        for server in servers:
            self._protect(group, server, disks=server.disks if pairs else 0)
        return group

    def add_groups(self, count: int, *, servers_each: int = 1, prefix: str = "pg-") -> list[Group]:
        """Many plain groups at once, `pg-00000` and on."""
        names = (f"{prefix}{number:05d}" for number in range(count))
        return [
            self.add_group(name, servers=[Server(name=f"{name}-s{number}") for number in range(servers_each)])
            for name in names
        ]

    def group(self, name: str) -> Group:
        """By name; a KeyError when there is none."""
        for group in self.groups.values():
            if group.name == name:
                return group
        raise KeyError(name)

    def machine(self, name: str) -> Machine:
        """By name (`erp-db`, or `erp-db-dr` for its twin); a KeyError when there is none."""
        for machine in self.machines.values():
            if machine.name == name:
                return machine
        raise KeyError(name)

    def delete_group(self, group: Group) -> None:
        """The group is gone with its instances, pairs and drills; the servers stay."""
        del self.groups[group.id]
        for instance in group.instances:
            del self.instances[instance.id]
        for pair in group.pairs:
            del self.pairs[pair.id]
        for drill in group.drills:
            del self.drills[drill.id]

    def delete_machine(self, machine: Machine) -> None:
        """The server is gone, as if deleted in the console; its instance becomes `invalid`."""
        machine.deleted, machine.status = True, "DELETED"
        for instance in self.instances.values():
            if machine in (instance.source, instance.target):
                instance.status = "invalid"

    def lock(self, machine: Machine, source: str = "") -> None:
        machine.locked, machine.lock_source = True, source

    def live_machines(self) -> Iterable[Machine]:
        return (machine for machine in self.machines.values() if not machine.deleted)

    def _protect(self, group: Group, server: Server, *, disks: int) -> None:
        image = self._image_for(server)
        source = self._machine(server, group.source_zone, image, name=server.name)
        target = self._machine(server, group.target_zone, image, name=f"{server.name}-dr")
        target.flavor = server.dr_flavor or server.flavor
        if image.os is not OS.WINDOWS:
            target.key_name = None  # a Linux DR server doesn't show its key pair
        instance = Instance(
            id=self.world.uuid(),
            name=server.name,
            group=group,
            source=source,
            target=target,
            status=group.status,
            priority_station=group.priority_station,
            created_at=group.created_at,
            updated_at=group.updated_at,
            tags=_tags(server),
        )
        self._power(instance, running=server.running)
        self.instances[instance.id] = instance
        group.instances.append(instance)
        for number in range(disks):
            self._pair(group, instance, f"/dev/vd{chr(ord('a') + number)}")

    def _power(self, instance: Instance, *, running: bool) -> None:
        standby = instance.at(opposite(instance.priority_station))
        standby.status, standby.launched_at = "SHUTOFF", None
        production = instance.at(instance.priority_station)
        if not running:
            production.status = "SHUTOFF"
        if production is instance.target:  # it got there by a reversal, so both have been started once
            self.record_deed(production, "start")

    def _machine(self, server: Server, zone: str, image: Image, *, name: str) -> Machine:
        has_key = server.credential == "key-pair"
        created_at = self.world.clock.now() - AGE
        machine = Machine(
            id=self.world.uuid(),
            name=name,
            zone=zone,
            project_id=self.id,
            flavor=server.flavor,
            image=image,
            addresses=[self._address(server.ip)],
            key_name=f"kp-{server.name}" if has_key else None,
            soft_stop=server.soft_stop,
            password="UHC9YW1x" if has_key and server.cloudbase_init else "",
            created_at=created_at,
            launched_at=created_at,
        )
        self.machines[machine.id] = machine
        return machine

    def _address(self, ip: str | None) -> Document:
        tail = self.world.random.getrandbits(16)
        return {
            "version": "4",
            "addr": ip or f"10.0.{tail >> 8}.{tail & 255}",
            "OS-EXT-IPS:type": "fixed",
            "OS-EXT-IPS-MAC:mac_addr": f"fa:16:3e:00:{tail >> 8:02x}:{tail & 255:02x}",
            "OS-EXT-IPS:port_id": self.world.uuid(),
        }

    def _pair(self, group: Group, instance: Instance, device: str) -> None:
        pair = Pair(
            id=self.world.uuid(),
            name=f"{instance.name}{device.removeprefix('/dev/v')}",
            group=group,
            instance=instance,
            device=device,
            volume_ids=f"{self.world.uuid()},{self.world.uuid()}",
            status=group.status,
            replication_status="active" if group.status == "protected" else "inactive",
            priority_station=group.priority_station,
            created_at=group.created_at,
            updated_at=group.updated_at,
        )
        self.pairs[pair.id] = pair
        group.pairs.append(pair)
        instance.pairs.append(pair)

    def _image_for(self, server: Server) -> Image:
        """One image for all servers of a kind; a deleted one is its server's own."""
        windows = server.os is OS.WINDOWS
        says_nothing, denies = windows and server.cloudbase_init is None, windows and server.cloudbase_init is False
        name = f"{'private' if says_nothing else 'Standard'}_{server.os}{'_plain' if denies else ''}_latest"
        known = next((image for image in self.images.values() if image.name == name), None)
        if known and not server.image_deleted:
            return known
        image = Image(
            id=self.world.uuid(),
            name=name,
            os=server.os,
            os_version=_VERSIONS[server.os],
            imagetype="private" if says_nothing else "gold",
            denies_injection=denies,
        )
        if not server.image_deleted:
            self.images[image.id] = image
        return image

    def record_deed(self, machine: Machine, action: str, user_id: str = "") -> None:
        deed = Deed(action=action, at=self.world.clock.now(), request_id=f"req-{self.world.uuid()}", user_id=user_id)
        machine.deeds.append(deed)


_VERSIONS = {
    OS.LINUX: "Ubuntu 22.04 server 64bit",
    OS.WINDOWS: "Windows Server 2019 Standard 64bit",
    OS.COREOS: "CoreOS 1068.10.0",
    OS.OTHER: "Other(64 bit) 64bit",
}


def _tags(server: Server) -> dict[str, str]:
    wave = {} if server.wave is None else {"dr-wave": str(server.wave)}
    return wave | dict(server.tags)
