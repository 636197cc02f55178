import Replica

/// Why a replica could not confirm a read. Here, because the use cases have a type of this name,
/// and the module of the replica a type of its own.
typealias ReplicaReadFailure = ReadFailure
